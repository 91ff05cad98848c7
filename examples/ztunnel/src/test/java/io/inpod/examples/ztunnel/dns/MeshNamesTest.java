package io.inpod.examples.ztunnel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.AutoAddress;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MeshNamesTest {
    private static final Workload CLIENT = Workload.builder("client", "shop").build();
    private static final MeshNames NAMES = new MeshNames("cluster.local", "preferred");
    private static final ServiceName OUTSIDE = new ServiceName("shop", "api.example.com");

    private static final Mesh MESH = mesh();

    private static Mesh mesh() {
        MeshChange change = Mesh.EMPTY.change();
        change.put(service("shop", "web.shop.svc.cluster.local", "10.96.0.1", "fd00::1"));
        change.put(service("bank", "web.bank.svc.cluster.local", "10.96.0.2"));
        change.put(Service.builder("shop", "db.shop.svc.cluster.local").build());
        change.put(pod("db-1", "10.0.0.1", true)).put(pod("db-2", "10.0.0.2", true)).put(pod("db-3", "10.0.0.3", false));
        change.put(Service.builder("shop", "api.example.com").build());
        change.put(Service.builder("shop", "v4.example.com").ipFamilies(IpFamilies.IPV4).build());
        change.put(service("shop", "*.wild.example.com", "10.96.0.7"));
        change.put(service("shop", "*.special.wild.example.com", "10.96.0.8"));
        change.put(Service.builder("shop", "block.example.com")
                .blocks(List.of(new NetworkBlock("", new AddressBlock(ip("10.97.0.0"), 16)))).build());
        change.put(Service.builder("bank", "vault.example.com").addresses(List.of(new NetworkAddress("", ip("10.96.0.9"))))
                .ofNamespaceOnly(true).build());
        change.put(service("a", "twice.example.com", "10.96.1.1")).put(service("preferred", "twice.example.com", "10.96.1.2"));
        change.put(service("a", "main.example.com", "10.96.1.3"));
        change.put(Service.builder("z", "main.example.com").canonical(true).addresses(List.of(new NetworkAddress("", ip("10.96.1.4"))))
                .build());
        change.put(Service.builder("shop", "far.example.com").addresses(List.of(new NetworkAddress("west", ip("10.96.0.1")))).build());
        change.put(Workload.builder("vm", "shop").hostname("vm.example.com").addresses(List.of(ip("10.0.0.9"))).build());
        return change.build();
    }

    private static Service service(String namespace, String hostname, String... addresses) {
        return Service.builder(namespace, hostname)
                .addresses(java.util.Arrays.stream(addresses).map(address -> new NetworkAddress("", ip(address))).toList()).build();
    }

    private static Workload pod(String uid, String address, boolean healthy) {
        return Workload.builder(uid, "shop").addresses(List.of(ip(address))).healthy(healthy)
                .services(Map.of(new ServiceName("shop", "db.shop.svc.cluster.local"), Ports.NONE)).build();
    }

    private static Optional<NameAnswer> find(String name) {
        return NAMES.find(MESH, CLIENT, name);
    }

    private static void assertAnswers(String name, String... addresses) {
        assertThat(find(name).orElseThrow().addresses()).containsExactlyInAnyOrder(
                java.util.Arrays.stream(addresses).map(MeshNamesTest::ip).toArray(InetAddress[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local", "WEB.Shop.svc.cluster.local."})
    void aServiceOfTheOwnNamespaceInEachForm(String name) {
        assertAnswers(name, "10.96.0.1", "fd00::1");
        assertThat(find(name).orElseThrow().alias()).isNull();
    }

    @Test
    void aServiceOfAnotherNamespaceNeedsTheNamespace() {
        assertAnswers("web.bank", "10.96.0.2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"web.shop.svc.cluster.local.shop.svc.cluster.local", "web.shop.svc.cluster.local.svc.cluster.local",
        "web.shop.svc.cluster.local.cluster.local"})
    void whatASearchDomainWasAddedTo(String name) {
        assertThat(find(name)).contains(new NameAnswer("web.shop.svc.cluster.local", List.of(ip("10.96.0.1"), ip("fd00::1"))));
    }

    @Test
    void aServiceWithoutAnAddressOfItsOwnIsItsHealthyEndpoints() {
        assertAnswers("db", "10.0.0.1", "10.0.0.2");
    }

    @Test
    void aHostOutsideTheClusterGetsAnAddressThatOutboundKnowsAgain() {
        List<InetAddress> addresses = find("api.example.com").orElseThrow().addresses();

        assertThat(addresses).isEqualTo(AutoAddress.of(OUTSIDE)).hasSize(2);
        for (InetAddress address : addresses) {
            assertThat(MESH.servicesAt("", address)).extracting(Service::hostname).containsExactly(OUTSIDE);
        }
        assertThat(MESH.change().removeService(OUTSIDE).build().servicesAt("", addresses.get(0))).isEmpty();
    }

    @Test
    void automaticAddressesNeverChange() {
        assertThat(AutoAddress.of(OUTSIDE)).containsExactly(ip("241.216.157.53"), ip("2001:2:0:8ae4:801:a386:2e6d:de08"));
    }

    @Test
    void onlyTheFamiliesOfTheService() {
        assertThat(find("v4.example.com").orElseThrow().addresses()).singleElement().isInstanceOf(java.net.Inet4Address.class);
    }

    @Test
    void theMostSpecificWildcard() {
        assertAnswers("a.wild.example.com", "10.96.0.7");
        assertAnswers("a.b.wild.example.com", "10.96.0.7");
        assertAnswers("a.special.wild.example.com", "10.96.0.8");
        assertThat(find("wild.example.com")).isEmpty();
    }

    @Test
    void aServiceWithABlockOfAddressesIsntAnswered() {
        assertThat(find("block.example.com")).isEmpty();
    }

    @Test
    void aServiceOfAnotherNamespaceOnlyIsUnknown() {
        assertThat(find("vault.example.com")).isEmpty();
    }

    @Test
    void ofSeveralServicesTheCanonicalOneThenThePreferredNamespaces() {
        assertAnswers("main.example.com", "10.96.1.4");
        assertAnswers("twice.example.com", "10.96.1.2");
    }

    @Test
    void aServiceOfAnotherNetworkExistsWithoutAnAddress() {
        assertThat(find("far.example.com").orElseThrow().addresses()).isEmpty();
    }

    @Test
    void aWorkloadsHostname() {
        assertAnswers("vm.example.com", "10.0.0.9");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "example.com", "nothing", "web.shop.svc.cluster.local.example.com", "..", "a..b", ".web"})
    void whatTheMeshDoesntKnow(String name) {
        assertThat(find(name)).isEmpty();
    }

    private static InetAddress ip(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }
}
