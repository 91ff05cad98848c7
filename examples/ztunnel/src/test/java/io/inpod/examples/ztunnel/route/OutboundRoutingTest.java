package io.inpod.examples.ztunnel.route;

import static io.inpod.examples.ztunnel.route.Meshes.endpoint;
import static io.inpod.examples.ztunnel.route.Meshes.firstOf;
import static io.inpod.examples.ztunnel.route.Meshes.ip;
import static io.inpod.examples.ztunnel.route.Meshes.service;
import static io.inpod.examples.ztunnel.route.Meshes.socket;
import static io.inpod.examples.ztunnel.route.Meshes.vips;
import static io.inpod.examples.ztunnel.route.Meshes.web;
import static io.inpod.examples.ztunnel.route.Meshes.workload;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.ServiceBuilder;
import io.inpod.examples.ztunnel.route.OutboundRoute.LookUp;
import io.inpod.examples.ztunnel.route.OutboundRoute.Plaintext;
import io.inpod.examples.ztunnel.route.OutboundRoute.Refused;
import io.inpod.examples.ztunnel.route.OutboundRoute.Tunnel;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** One test for each way to a workload or a service without waypoints and other networks. */
class OutboundRoutingTest {
    private final Meshes mesh = new Meshes();

    @Test
    void aWorkloadThatSpeaksHboneIsReachedThroughATunnel() {
        Tunnel tunnel = (Tunnel) mesh.with(workload("a", "10.0.0.2").node("node-2")).to("10.0.0.2", 80);

        assertThat(tunnel.hop().peer()).isEqualTo(socket("10.0.0.2", 15008));
        assertThat(tunnel.hop().authority()).hasToString("10.0.0.2:80");
        assertThat(tunnel.hop().identities()).extracting(Object::toString).containsExactly("spiffe://cluster.local/ns/default/sa/sa-a");
        assertThat(tunnel.service()).isNull();
    }

    @Test
    void aWorkloadOnTheSameNodeToo() {
        assertThat(mesh.with(workload("a", "10.0.0.2")).to("10.0.0.2", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void aWorkloadThatDoesNotSpeakHboneIsReachedInPlaintext() {
        Plaintext route = (Plaintext) mesh.with(workload("a", "10.0.0.2").hbone(false)).to("10.0.0.2", 80);

        assertThat(route.destination()).isEqualTo(socket("10.0.0.2", 80));
        assertThat(route.workload()).isNotNull();
    }

    @Test
    void anUnknownAddressIsReachedInPlaintext() {
        assertThat(mesh.to("192.0.2.1", 80)).isEqualTo(new Plaintext(socket("192.0.2.1", 80), null, null));
    }

    @Test
    void anUnknownAddressIsRefusedIfPassthroughIsDenied() {
        assertThat(mesh.passthroughDenied().to("192.0.2.1", 80))
                .isEqualTo(new Refused("the mesh doesn't know the destination, and passthrough is off", "192.0.2.1"));
    }

    @Test
    void loopbackStaysInThePodAlsoIfPassthroughIsDenied() {
        assertThat(mesh.passthroughDenied().to("127.0.0.1", 80)).isInstanceOf(Plaintext.class);
        assertThat(mesh.to("::1", 80)).isInstanceOf(Plaintext.class);
    }

    @Test
    void anAddressOfAnEnrolledPodThatTheMeshDoesNotListIsRefused() {
        Refused refused = (Refused) mesh.to(Meshes.DENIED, 80);

        assertThat(refused.message()).isEqualTo("the destination is an address of an enrolled pod that the mesh doesn't list; "
                + "it must not be reached in plaintext: 10.9.9.9");
        assertThat(mesh.passthroughDenied().to(Meshes.DENIED, 80)).isEqualTo(refused);
    }

    @Test
    void theSameAddressInAnotherNetworkIsUnknown() {
        assertThat(mesh.with(workload("a", "10.0.0.2").network("remote")).to("10.0.0.2", 80)).isInstanceOf(Plaintext.class);
    }

    @Test
    void ofTwoWorkloadsWithOneAddressTheOneThatSpeaksHboneCounts() {
        mesh.with(workload("a", "10.0.0.2").hbone(false)).with(workload("b", "10.0.0.2"));

        assertThat(((Tunnel) mesh.to("10.0.0.2", 80)).workload().name()).isEqualTo("b");
    }

    @Test
    void theAddressOfAHostNetworkWorkloadIsUnknown() {
        assertThat(mesh.with(workload("a", "10.0.0.2").hostNetwork(true)).to("10.0.0.2", 80)).isInstanceOf(Plaintext.class);
    }

    @Test
    void aHostNetworkEndpointIsReachedAsItSpeaks() {
        mesh.with(endpoint("a", "10.0.0.2").hostNetwork(true).hbone(false)).with(service());

        assertThat(((Plaintext) mesh.to("10.96.0.1", 80)).destination()).isEqualTo(socket("10.0.0.2", 8080));
    }

    @Test
    void aWorkloadWithSeveralAddressesIsReachedAtTheOneThatWasAskedFor() {
        mesh.with(workload("a", "10.0.0.2", "10.0.0.3", "fd00::2"));

        assertThat(((Tunnel) mesh.to("10.0.0.3", 80)).hop().peer()).isEqualTo(socket("10.0.0.3", 15008));
        assertThat(((Tunnel) mesh.to("fd00::2", 80)).hop().authority()).hasToString("[fd00::2]:80");
    }

    @Test
    void thePodsOwnAddressIsReachedThroughATunnelToItself() {
        mesh.client(workload("client", "10.0.0.1"));

        assertThat(((Tunnel) mesh.to("10.0.0.1", 80)).hop().peer()).isEqualTo(socket("10.0.0.1", 15008));
    }

    @Test
    void thePodsOwnServiceMayLeadToItself() {
        mesh.client(endpoint("client", "10.0.0.1")).with(service());

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.0.0.1:8080");
    }

    // --- services

    @Test
    void aServiceLeadsToAnEndpointAtTheServicesPort() {
        Tunnel tunnel = (Tunnel) mesh.with(endpoint("a", "10.0.0.2")).with(service()).to("10.96.0.1", 80);

        assertThat(tunnel.hop().authority()).hasToString("10.0.0.2:8080");
        assertThat(tunnel.service()).isNotNull().extracting(s -> s.hostname()).isEqualTo(web());
        assertThat(mesh.steps).containsExactly("10.96.0.1 is an address of the service default/web.local",
                "the only endpoint that default/web.local prefers is c//Pod/default/a, port 8080", "c//Pod/default/a speaks HBONE");
    }

    @Test
    void anEndpointsOwnPortTakesPrecedence() {
        mesh.with(workload("a", "10.0.0.2").services(Map.of(web(), new Ports(Map.of(80, 9090))))).with(service());

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.0.0.2:9090");
    }

    @Test
    void aNamedPortComesFromTheEndpoint() {
        mesh.with(service().ports(new Ports(Map.of(80, 0))));
        mesh.with(workload("a", "10.0.0.2").services(Map.of(web(), new Ports(Map.of(80, 9090)))));

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.0.0.2:9090");
    }

    @Test
    void aNamedPortThatNoEndpointHasIsRefused() {
        mesh.with(service().ports(new Ports(Map.of(80, 0)))).with(endpoint("a", "10.0.0.2"));

        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("the service doesn't have that port", "default/web.local:80"));
    }

    @Test
    void aPortThatTheServiceDoesNotHaveIsRefused() {
        mesh.with(endpoint("a", "10.0.0.2")).with(service());

        assertThat(mesh.to("10.96.0.1", 81)).isEqualTo(new Refused("the service doesn't have that port", "default/web.local:81"));
    }

    @Test
    void aPortThatOnlyAnEndpointHasIsRefused() {
        mesh.with(service()).with(workload("a", "10.0.0.2").services(Map.of(web(), new Ports(Map.of(81, 9090)))));

        assertThat(mesh.to("10.96.0.1", 81)).isEqualTo(new Refused("the service doesn't have that port", "default/web.local:81"));
    }

    @Test
    void aServiceWithoutEndpointsIsRefused() {
        assertThat(mesh.with(service()).to("10.96.0.1", 80)).isEqualTo(new Refused("the service has no endpoints", "default/web.local:80"));
    }

    @Test
    void anEndpointThatDoesNotSpeakHboneIsReachedInPlaintext() {
        mesh.with(endpoint("a", "10.0.0.2").hbone(false)).with(service());

        assertThat(((Plaintext) mesh.to("10.96.0.1", 80)).destination()).isEqualTo(socket("10.0.0.2", 8080));
    }

    @Test
    void anEndpointInPlaintextWhoseAddressAnotherWorkloadEncryptsIsReachedThroughThatTunnel() {
        mesh.with(endpoint("a", "10.0.0.2").hbone(false)).with(workload("b", "10.0.0.2")).with(service());

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).workload().name()).isEqualTo("b");
    }

    @Test
    void anEndpointMayHaveAnIdentityThatTheServiceNames() {
        mesh.with(endpoint("a", "10.0.0.2"));
        mesh.with(service().subjectAltNames(List.of("spiffe://cluster.local/ns/other/sa/x", "not an identity")));

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().identities()).extracting(Object::toString)
                .containsExactlyInAnyOrder("spiffe://cluster.local/ns/default/sa/sa-a", "spiffe://cluster.local/ns/other/sa/x");
        assertThat(((Tunnel) mesh.to("10.0.0.2", 80)).hop().identities()).hasSize(1);
    }

    @Test
    void anAddressInABlockOfAServiceLeadsToItsEndpoints() {
        mesh.with(endpoint("a", "10.0.0.2")).with(service().addresses(List.of()).blocks(List.of(block("10.97.0.0", 16))));

        assertThat(mesh.to("10.97.3.4", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void theSmallestBlockCounts() {
        mesh.with(service("other", "large.local").blocks(List.of(block("10.97.0.0", 16))).canonical(true));
        mesh.with(service("other", "small.local").blocks(List.of(block("10.97.3.0", 24))));

        assertThat(((Refused) mesh.to("10.97.3.4", 80)).what()).isEqualTo("other/small.local:80");
    }

    @Test
    void theClientsNamespaceCountsMoreThanTheSizeOfABlock() {
        mesh.with(service("default", "large.local").blocks(List.of(block("10.97.0.0", 16))));
        mesh.with(service("other", "small.local").blocks(List.of(block("10.97.3.0", 24))));

        assertThat(((Refused) mesh.to("10.97.3.4", 80)).what()).isEqualTo("default/large.local:80");
    }

    @Test
    void ofBlocksOfOneSizeTheCanonicalServicesCounts() {
        mesh.with(service("a", "a.local").blocks(List.of(block("10.97.0.0", 16))));
        mesh.with(service("b", "b.local").blocks(List.of(block("10.97.0.0", 16))).canonical(true));

        assertThat(((Refused) mesh.to("10.97.3.4", 80)).what()).isEqualTo("b/b.local:80");
    }

    @Test
    void anExactAddressCountsMoreThanABlock() {
        mesh.with(service("default", "block.local").blocks(List.of(block("10.96.0.0", 16))).addresses(List.of()));
        mesh.with(service("other", "exact.local"));

        assertThat(((Refused) mesh.to("10.96.0.1", 80)).what()).isEqualTo("other/exact.local:80");
    }

    @Test
    void anAddressOfAWorkloadAndOfAServiceIsTheServices() {
        mesh.with(service()).with(workload("a", "10.96.0.1")).with(endpoint("b", "10.0.0.2"));

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.0.0.2:8080");
    }

    @Test
    void aPortThatAServiceWithAWorkloadsAddressLacksIsTheWorkloads() {
        mesh.with(service()).with(workload("a", "10.96.0.1")).with(endpoint("b", "10.0.0.2"));

        assertThat(((Tunnel) mesh.to("10.96.0.1", 9000)).hop().authority()).hasToString("10.96.0.1:9000");
    }

    @Test
    void anAddressOfAWorkloadAndOfAServiceInPassthroughModeIsTheWorkloads() {
        mesh.with(passthroughService()).with(workload("a", "10.96.0.1"));

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.96.0.1:80");
    }

    @Test
    void anAddressOfAWorkloadCountsMoreThanABlock() {
        mesh.with(service().addresses(List.of()).blocks(List.of(block("10.96.0.0", 16)))).with(workload("a", "10.96.0.1"));

        assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).service()).isNull();
    }

    @Test
    void ofServicesWithOneAddressTheOneInTheClientsNamespaceCounts() {
        mesh.with(service("other", "web.local").canonical(true)).with(service());

        assertThat(((Refused) mesh.to("10.96.0.1", 80)).what()).isEqualTo("default/web.local:80");
    }

    @Test
    void amongOtherNamespacesTheCanonicalServiceCounts() {
        mesh.with(service("a", "web.local")).with(service("b", "web.local").canonical(true)).with(service("c", "web.local"));

        assertThat(((Refused) mesh.to("10.96.0.1", 80)).what()).isEqualTo("b/web.local:80");
    }

    @Test
    void aServiceThatTheClientDoesNotSeeGivesWayToOneThatItSees() {
        mesh.with(service("a", "web.local").canonical(true).ofNamespaceOnly(true)).with(service("b", "web.local"));

        assertThat(((Refused) mesh.to("10.96.0.1", 80)).what()).isEqualTo("b/web.local:80");
    }

    @Test
    void theAddressOfAServiceThatTheClientDoesNotSeeIsRefused() {
        mesh.with(service("other", "web.local").ofNamespaceOnly(true));
        mesh.with(service("other", "x.local").addresses(List.of()).blocks(List.of(block("10.97.0.0", 16))).ofNamespaceOnly(true));

        assertThat(mesh.to("10.96.0.1", 80))
                .isEqualTo(new Refused("the service is of a namespace that doesn't show it to the client's", "10.96.0.1"));
        assertThat(mesh.to("10.97.0.1", 80)).isInstanceOf(Refused.class);
        assertThat(mesh.toName("web.local", 80)).isInstanceOf(Refused.class);
    }

    @Test
    void aServiceInPassthroughModeLeavesTheAddressAsItIs() {
        mesh.with(endpoint("a", "10.0.0.2")).with(passthroughService()).passthroughDenied();

        Plaintext route = (Plaintext) mesh.to("10.96.0.1", 81);

        assertThat(route.destination()).isEqualTo(socket("10.96.0.1", 81));
        assertThat(route.service()).isNotNull();
    }

    @Test
    void aServiceInPassthroughModeDoesNotExposeAnEnrolledPod() {
        mesh.with(passthroughService().addresses(vips(Meshes.DENIED)));

        assertThat(mesh.to(Meshes.DENIED, 80)).isInstanceOf(Refused.class);
    }

    // --- families

    @Test
    void aServicesFamiliesRestrictTheAddress() {
        mesh.with(endpoint("a", "10.0.0.2", "fd00::2")).with(service().addresses(vips("10.96.0.1", "fd00:96::1")));

        assertThat(peer(mesh.to("10.96.0.1", 80))).isEqualTo("10.0.0.2");
        assertThat(peer(mesh.to("fd00:96::1", 80))).isEqualTo("fd00:0:0:0:0:0:0:2");
        mesh.with(service().addresses(vips("10.96.0.1", "fd00:96::1")).ipFamilies(IpFamilies.IPV4));
        assertThat(peer(mesh.to("fd00:96::1", 80))).isEqualTo("10.0.0.2");
        mesh.with(service().addresses(vips("10.96.0.1", "fd00:96::1")).ipFamilies(IpFamilies.IPV6));
        assertThat(peer(mesh.to("10.96.0.1", 80))).isEqualTo("fd00:0:0:0:0:0:0:2");
        mesh.with(service().addresses(vips("10.96.0.1", "fd00:96::1")).ipFamilies(IpFamilies.DUAL));
        assertThat(peer(mesh.to("10.96.0.1", 80))).isEqualTo("10.0.0.2");
    }

    @Test
    void anEndpointWithoutAnAddressOfTheServicesFamiliesIsNoEndpoint() {
        mesh.with(endpoint("a", "10.0.0.2")).with(endpoint("b", "fd00::2")).with(service().ipFamilies(IpFamilies.IPV6));

        assertThat(peer(mesh.to("10.96.0.1", 80))).isEqualTo("fd00:0:0:0:0:0:0:2");
    }

    // --- names

    @Test
    void theNameOfAServiceLeadsToAnEndpoint() {
        mesh.with(endpoint("a", "10.0.0.2")).with(service().addresses(List.of()));

        assertThat(((Tunnel) mesh.toName("WEB.local", 80)).hop().authority()).hasToString("10.0.0.2:8080");
        assertThat(mesh.toName("web.local.", 80)).isEqualTo(mesh.toName("web.local", 80));
        assertThat(mesh.toName("web.local..", 80)).isInstanceOf(Refused.class);
    }

    @Test
    void theNameOfAWorkloadLeadsToIt() {
        mesh.with(workload("a", "10.0.0.2").hostname("a.local"));

        assertThat(((Tunnel) mesh.toName("a.local", 80)).hop().authority()).hasToString("10.0.0.2:80");
    }

    @Test
    void theLongestWildcardThatCoversANameCounts() {
        mesh.with(service("default", "*.local").addresses(List.of())).with(service("default", "*.web.local").addresses(List.of()));

        assertThat(((Refused) mesh.toName("a.b.web.local", 80)).what()).isEqualTo("default/*.web.local:80");
        assertThat(((Refused) mesh.toName("a.local", 80)).what()).isEqualTo("default/*.local:80");
        assertThat(mesh.toName("local", 80)).isInstanceOf(LookUp.class);
    }

    @Test
    void theExactNameOfAWorkloadCountsMoreThanAWildcard() {
        mesh.with(service("default", "*.local")).with(workload("a", "10.0.0.2").hostname("a.local"));

        assertThat(((Tunnel) mesh.toName("a.local", 80)).service()).isNull();
    }

    @Test
    void aNameThatTheMeshDoesNotKnowIsLookedUpAndItsAddressRouted() {
        mesh.with(endpoint("a", "10.0.0.2")).with(service()).passthroughDenied();

        LookUp lookUp = (LookUp) mesh.toName("elsewhere.test", 80);

        assertThat(lookUp.hostname()).isEqualTo("elsewhere.test");
        assertThat(lookUp.then().at(ip("10.96.0.1"))).isInstanceOf(Tunnel.class);
        assertThat(lookUp.then().at(ip("192.0.2.1"))).isInstanceOf(Refused.class);
    }

    @Test
    void theNameOfAServiceInPassthroughModeIsLookedUp() {
        mesh.with(passthroughService());

        LookUp lookUp = (LookUp) mesh.toName("web.local", 80);

        assertThat(lookUp.then().at(ip("192.0.2.1"))).isEqualTo(new Plaintext(socket("192.0.2.1", 80), null, null));
    }

    @Test
    void aWorkloadWithoutAddressesIsLookedUp() {
        mesh.with(endpoint("a").addresses(List.of()).hostname("a.example").hbone(false)).with(service().ipFamilies(IpFamilies.IPV4));

        LookUp lookUp = (LookUp) mesh.to("10.96.0.1", 80);

        assertThat(lookUp.hostname()).isEqualTo("a.example");
        assertThat(lookUp.families()).isEqualTo(IpFamilies.IPV4);
        assertThat(((Plaintext) lookUp.then().at(ip("192.0.2.1"))).destination()).isEqualTo(socket("192.0.2.1", 8080));
    }

    @Test
    void aLookedUpAddressOfAnEnrolledPodIsNotReachedInPlaintext() {
        mesh.with(endpoint("a").addresses(List.of()).hostname("a.example").hbone(false)).with(workload("b", "10.0.0.3")).with(service());

        LookUp lookUp = (LookUp) mesh.to("10.96.0.1", 80);

        assertThat(lookUp.then().at(ip("10.0.0.3"))).isInstanceOf(Tunnel.class);
        assertThat(lookUp.then().at(ip(Meshes.DENIED))).isInstanceOf(Refused.class);
    }

    @Test
    void whatIsNoNameOrPortIsRefused() {
        assertThat(((Refused) mesh.toName("a b", 80)).message()).startsWith("not a destination: not an IP address or DNS name");
        assertThat(((Refused) mesh.to("10.0.0.2", 0)).message()).startsWith("not a destination: port out of range");
        assertThat(mesh.toName("m\u00fcnchen.example", 80)).isInstanceOf(Refused.class);
    }

    // --- what has failed

    @Test
    void anEndpointThatHasFailedIsPassedOver() {
        mesh.with(endpoint("a", "10.0.0.2")).with(endpoint("b", "10.0.0.3")).with(service());
        Target target = new Target.Address(ip("10.96.0.1"), 80);
        Choice first = firstOf();

        Tunnel tunnel = (Tunnel) mesh.to(target, first);
        Choice second = first.without(Set.of(tunnel.workload().uid()));
        Tunnel other = (Tunnel) mesh.to(target, second);

        assertThat(other.workload().name()).isNotEqualTo(tunnel.workload().name());
        assertThat(mesh.to(target, second.without(Set.of(other.workload().uid()))))
                .isEqualTo(new Refused("no healthy upstream", "default/web.local:80"));
    }

    @Test
    void afterATunnelHasFailedNothingIsSentInPlaintext() {
        mesh.with(endpoint("a", "10.0.0.2")).with(endpoint("b", "10.0.0.3").hbone(false)).with(service());
        Target target = new Target.Address(ip("10.96.0.1"), 80);

        assertThat(mesh.to(target, firstOf().without(Set.of("c//Pod/default/a")))).isInstanceOf(Refused.class);
        assertThat(mesh.to(target, firstOf().without(Set.of("c//Pod/default/b")))).isInstanceOf(Tunnel.class);
    }

    private static ServiceBuilder passthroughService() {
        return service().loadBalancing(new LoadBalancing(List.of(), Mode.PASSTHROUGH, false));
    }

    private static NetworkBlock block(String address, int length) {
        return new NetworkBlock("", new AddressBlock(ip(address), length));
    }

    private static String peer(OutboundRoute route) {
        return ((Tunnel) route).hop().peer().getAddress().getHostAddress();
    }
}
