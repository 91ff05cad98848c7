package io.inpod.examples.ztunnel.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.dns.MeshNames;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.route.InboundRouting;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExplainTest {
    private static final ServiceName WEB = new ServiceName("shop", "web.shop.svc.cluster.local");
    private static final Explainer EXPLAINER = new Explainer(new OutboundRouting(true, address -> false),
            new InboundRouting(Set.of(15001, 15006, 15008), false), new MeshNames("cluster.local", ""));
    private static final Workload CLIENT = pod("client", "10.0.0.1").build();

    private static WorkloadBuilder pod(String name, String address) {
        return Workload.builder("uid-" + name, "shop").name(name).serviceAccount(name).hbone(true).addresses(List.of(ip(address)));
    }

    private static MeshChange mesh() {
        Map<ServiceName, Ports> web = Map.of(WEB, Ports.NONE);
        return Mesh.EMPTY.change().put(CLIENT).put(pod("web-1", "10.0.0.2").services(web).build())
                .put(pod("web-2", "10.0.0.3").services(web).policies(List.of("shop/closed")).build())
                .put(pod("plain", "10.0.0.4").hbone(false).build())
                .put(Service.builder("shop", WEB.hostname()).addresses(List.of(new NetworkAddress("", ip("10.96.0.1"))))
                        .ports(new Ports(Map.of(80, 8080))).build())
                .put(policy("closed", 8080));
    }

    private static Policy policy(String name, int port) {
        Policy.Match match = new Policy.Match(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
                List.<AddressBlock>of(), List.of(), List.of(), Set.of(port), Set.of());
        return new Policy("shop", name, Policy.Scope.WORKLOAD_SELECTOR, Policy.Action.DENY, false,
                List.of(new Policy.Rule(List.of(new Policy.Clause(List.of(match))))), null);
    }

    @Test
    void eachEndpointOfAServiceIsAWay() {
        List<Way> ways = EXPLAINER.explain(mesh().build(), CLIENT, "web", 80);

        assertThat(ways).extracting(Way::result).containsExactlyInAnyOrder("through a tunnel to 10.0.0.2:8080 (uid-web-1)",
                "denied by uid-web-2: explicitly denied by: shop/closed");
        assertThat(ways).extracting(Way::carried).containsExactlyInAnyOrder(true, false);
        assertThat(ways.get(0).steps()).contains("the DNS proxy answers web with 10.96.0.1",
                "10.96.0.1 is an address of the service shop/web.shop.svc.cluster.local");
    }

    @Test
    void plaintext() {
        assertThat(EXPLAINER.explain(mesh().build(), CLIENT, "10.0.0.4", 80)).extracting(Way::result)
                .containsExactly("in plaintext to 10.0.0.4:80 (uid-plain)");
        assertThat(EXPLAINER.explain(mesh().build(), CLIENT, "192.0.2.1", 80)).extracting(Way::result)
                .containsExactly("in plaintext to 192.0.2.1:80");
    }

    @Test
    void whatTheReceivingSideRefuses() {
        assertThat(EXPLAINER.explain(mesh().build(), CLIENT, "10.0.0.2", 15006)).extracting(Way::result)
                .containsExactly("refused by uid-web-1 with status 503: attempted recursive call to ourselves");
    }

    @Test
    void aPodIsFoundAsPeopleNameIt() {
        Mesh mesh = mesh().put(Workload.builder("other", "bank").name("client").build()).build();

        for (String name : List.of("uid-client", "shop/client", "10.0.0.1")) {
            assertThat(Pods.find(mesh, name)).isEqualTo(CLIENT);
        }
        assertThatThrownBy(() -> Pods.find(mesh, "client")).hasMessageContaining("2 workloads").hasMessageContaining("other");
        assertThatThrownBy(() -> Pods.find(mesh, "nobody")).hasMessageContaining("no workload nobody");
    }

    @Test
    void whatAChangeCutsAndAlters() {
        Mesh before = mesh().build();
        Mesh after = before.change().put(pod("web-1", "10.0.0.2").services(Map.of(WEB, Ports.NONE)).policies(List.of("shop/closed")).build())
                .put(pod("plain", "10.0.0.4").hbone(true).build()).build();
        SpiffeId identity = CLIENT.identity();
        OpenConnection open = new OpenConnection("uid-web-1", new Attempt(ip("10.0.0.1"), identity, new InetSocketAddress("10.0.0.2", 8080)));
        OpenConnection other = new OpenConnection("uid-web-1", new Attempt(ip("10.0.0.1"), identity, new InetSocketAddress("10.0.0.2", 81)));

        Comparison comparison = new Comparison(EXPLAINER, before, after);

        assertThat(comparison.cut(List.of(open, other))).containsExactly("10.0.0.1 spiffe://cluster.local/ns/shop/sa/client -> "
                + "10.0.0.2:8080 (uid-web-1): explicitly denied by: shop/closed");
        assertThat(comparison.pairs()).contains(
                "shop/client -> shop/web-1 port 8080: tunnel -> denied by uid-web-1: explicitly denied by: shop/closed",
                "shop/client -> shop/plain port any other: plaintext -> tunnel").allMatch(line -> line.contains("web-1") || line.contains("plain"));
        assertThat(new Comparison(EXPLAINER, before, before.change().put(policy("unused", 1)).build()).pairs()).isEmpty();
    }

    @Test
    void aPodThatLeavesTheMeshLosesItsConnections() {
        Mesh before = mesh().build();
        OpenConnection open = new OpenConnection("uid-web-1", new Attempt(ip("10.0.0.1"), null, new InetSocketAddress("10.0.0.2", 1)));

        assertThat(new Comparison(EXPLAINER, before, before.change().removeWorkload("uid-web-1").build()).cut(List.of(open)))
                .containsExactly("10.0.0.1 without identity -> 10.0.0.2:1 (uid-web-1): the mesh doesn't have the workload any more");
    }

    private static InetAddress ip(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }
}
