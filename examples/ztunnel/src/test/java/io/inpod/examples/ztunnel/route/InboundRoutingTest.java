package io.inpod.examples.ztunnel.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Each row of what a request in a tunnel may ask for, at a pod that serves {@code web} and at the waypoint of {@code shop}. */
class InboundRoutingTest {
    private static final SpiffeId CLIENT = new SpiffeId("cluster.local", "default", "client");
    private static final SpiffeId WAYPOINT = new SpiffeId("cluster.local", "default", "waypoint");
    private static final InetAddress POD = ip("10.0.0.1");
    private static final InetAddress GATE = ip("10.0.0.9");
    private static final Gateway THE_WAYPOINT = new Gateway(new ServiceName("default", "waypoint.local"), 15008);

    private static final Workload WEB = Workload.builder("web-1", "default").addresses(List.of(POD))
            .services(Map.of(new ServiceName("default", "web.local"), new Ports(Map.of(81, 8181)))).build();
    private static final Workload SHOP = Workload.builder("shop-1", "default").addresses(List.of(ip("10.0.0.3")))
            .services(Map.of(new ServiceName("default", "shop.local"), Ports.NONE)).build();
    private static final Workload GATEWAY = waypoint(null);

    private static Workload waypoint(ApplicationTunnel tunnel) {
        return Workload.builder("waypoint-1", "default").addresses(List.of(GATE)).serviceAccount("waypoint").applicationTunnel(tunnel)
                .services(Map.of(new ServiceName("default", "waypoint.local"), Ports.NONE)).build();
    }

    private static Mesh mesh(Workload gateway) {
        MeshChange change = Mesh.EMPTY.change().put(WEB).put(SHOP).put(gateway);
        change.put(Service.builder("default", "web.local").addresses(List.of(vip("10.96.0.1")))
                .endpoints(Map.of("1", new Endpoint("web-1", new Ports(Map.of(81, 8182)), true)))
                .ports(new Ports(Map.of(80, 8080, 81, 0, 82, 0, 83, 15008))).build());
        change.put(Service.builder("default", "shop.local").addresses(List.of(vip("fd00::2"), vip("10.96.0.2"))).waypoint(THE_WAYPOINT)
                .ports(new Ports(Map.of(80, 8080))).build());
        change.put(Service.builder("default", "waypoint.local").ports(new Ports(Map.of(15008, 15008))).build());
        change.put(Service.builder("other", "hidden.local").ofNamespaceOnly(true).build());
        change.put(Workload.builder("guarded", "default").addresses(List.of(ip("10.0.0.4"))).waypoint(THE_WAYPOINT).build());
        return change.build();
    }

    private static InboundRoute route(Workload self, InetAddress local, String authority, SpiffeId client) {
        return new InboundRouting(Set.of(15001, 15006, 15008), false).route(mesh(self.uid().equals("waypoint-1") ? self : GATEWAY), self,
                local, Authority.parse(authority), client, Trace.NONE);
    }

    private static void assertRefused(InboundRoute route, int status, String reason) {
        assertThat(route).isInstanceOfSatisfying(InboundRoute.Refused.class, refused -> {
            assertThat(refused.status()).isEqualTo(status);
            assertThat(refused.reason()).contains(reason);
        });
    }

    private static void assertReaches(InboundRoute route, String app, int port) {
        assertThat(route).isEqualTo(new InboundRoute.ToApp(new InetSocketAddress(ip(app), port), new InetSocketAddress(ip(app), port),
                null));
    }

    @Test
    void ownAddress() {
        assertReaches(route(WEB, POD, "10.0.0.1:9999", CLIENT), "10.0.0.1", 9999);
    }

    @Test
    void addressOfAnotherPod() {
        assertRefused(route(WEB, POD, "10.0.0.3:80", CLIENT), 400, "ip mismatch: 10.0.0.1 != 10.0.0.3");
    }

    @Test
    void addressThatOnlyARouteLeadsHere() {
        assertRefused(route(WEB, ip("10.7.7.7"), "10.7.7.7:80", CLIENT), 400, "not an address of this pod");
    }

    @Test
    void addressOfItsService() {
        assertRefused(route(WEB, POD, "10.96.0.1:80", CLIENT), 400, "ip mismatch");
    }

    @Test
    void portOfTheProxy() {
        assertRefused(route(WEB, POD, "10.0.0.1:15006", CLIENT), 503, "recursive");
    }

    @Test
    void hostnameWithAPortOfTheService() {
        assertReaches(route(WEB, POD, "web.local:80", CLIENT), "10.0.0.1", 8080);
    }

    @Test
    void hostnameInUpperCase() {
        assertReaches(route(WEB, POD, "WEB.local:80", CLIENT), "10.0.0.1", 8080);
    }

    @Test
    void hostnameWithAPortThatEachEndpointHasByName() {
        assertReaches(route(WEB, POD, "web.local:81", CLIENT), "10.0.0.1", 8181);
    }

    @Test
    void hostnameWithANamedPortThatThePodLacks() {
        assertRefused(route(WEB, POD, "web.local:82", CLIENT), 503, "no port 82");
    }

    @Test
    void hostnameWithAnUnknownPort() {
        assertRefused(route(WEB, POD, "web.local:9", CLIENT), 503, "no port 9");
    }

    @Test
    void hostnameWithAPortThatLeadsToTheProxy() {
        assertRefused(route(WEB, POD, "web.local:83", CLIENT), 503, "recursive");
    }

    @Test
    void unknownHostname() {
        assertRefused(route(WEB, POD, "nowhere.local:80", CLIENT), 503, "doesn't know the host");
    }

    @Test
    void hostnameOfAnotherNamespaceOnly() {
        assertRefused(route(WEB, POD, "hidden.local:80", CLIENT), 503, "doesn't know the host");
    }

    @Test
    void hostnameOfAServiceThatThePodDoesntServe() {
        assertRefused(route(WEB, POD, "waypoint.local:15008", CLIENT), 503, "not a service of this pod");
    }

    @Test
    void hostnameOfAServiceBoundToAWaypointFromAnybody() {
        assertRefused(route(SHOP, ip("10.0.0.3"), "shop.local:80", CLIENT), 503, "only connections from its waypoint");
    }

    @Test
    void hostnameOfAServiceBoundToAWaypointFromTheWaypoint() {
        assertReaches(route(SHOP, ip("10.0.0.3"), "shop.local:80", WAYPOINT), "10.0.0.3", 8080);
    }

    @Test
    void waypointIsAskedForTheServicesAddress() {
        assertReaches(route(GATEWAY, GATE, "10.96.0.2:80", CLIENT), "10.0.0.9", 80);
    }

    @Test
    void waypointIsAskedForTheServicesHostname() {
        assertReaches(route(GATEWAY, GATE, "shop.local:80", CLIENT), "10.0.0.9", 8080);
    }

    @Test
    void waypointIsAskedForAPortThatTheServiceLacks() {
        assertRefused(route(GATEWAY, GATE, "shop.local:8080", CLIENT), 503, "no port 8080");
    }

    @Test
    void waypointIsAskedForAWorkloadsAddress() {
        assertReaches(route(GATEWAY, GATE, "10.0.0.4:80", CLIENT), "10.0.0.9", 80);
    }

    @Test
    void waypointIsAskedForAnAddressThatIsntBoundToIt() {
        assertRefused(route(GATEWAY, GATE, "10.0.0.3:80", CLIENT), 400, "ip mismatch");
        assertRefused(route(GATEWAY, GATE, "10.96.0.1:80", CLIENT), 400, "ip mismatch");
    }

    @Test
    void appThatIsAProxyIsToldTheDestination() {
        Workload proxy = waypoint(new ApplicationTunnel(ApplicationTunnel.Protocol.PROXY, 15088));
        InetSocketAddress app = new InetSocketAddress(GATE, 15088);

        assertThat(route(proxy, GATE, "10.96.0.2:80", CLIENT))
                .isEqualTo(new InboundRoute.ToApp(app, app, new InetSocketAddress(ip("10.96.0.2"), 80)));
        assertThat(route(proxy, GATE, "shop.local:80", CLIENT)).as("of its addresses, the one of IPv4")
                .isEqualTo(new InboundRoute.ToApp(app, app, new InetSocketAddress(ip("10.96.0.2"), 80)));
        assertRefused(route(proxy, GATE, "waypoint.local:15008", CLIENT), 503, "no address that the app could be told");
    }

    @Test
    void appThatIsAProxyOnTheLoopbackInterface() {
        Workload proxy = waypoint(new ApplicationTunnel(ApplicationTunnel.Protocol.PROXY, 15088));
        InboundRoute route = new InboundRouting(Set.of(15008), true).route(mesh(proxy), proxy, GATE, Authority.parse("10.0.0.9:80"), CLIENT,
                Trace.NONE);

        assertThat(route).isEqualTo(new InboundRoute.ToApp(new InetSocketAddress(ip("127.0.0.1"), 15088),
                new InetSocketAddress(GATE, 15088), new InetSocketAddress(GATE, 80)));
        assertThat(((InboundRoute.ToApp) route).keepsClient()).isFalse();
    }

    @Test
    void appThatIsNotToldAboutItsClientsIsReachedAtThePodsAddress() {
        Workload proxy = waypoint(new ApplicationTunnel(ApplicationTunnel.Protocol.NONE, 15088));

        assertReaches(new InboundRouting(Set.of(15008), true).route(mesh(proxy), proxy, GATE, Authority.parse("10.0.0.9:80"), CLIENT,
                Trace.NONE), "10.0.0.9", 15088);
    }

    @Test
    void appThatIsAProxyIsAskedForAPortOfTheProxy() {
        Workload proxy = waypoint(new ApplicationTunnel(ApplicationTunnel.Protocol.PROXY, 15088));

        assertRefused(route(proxy, GATE, "10.0.0.9:15006", CLIENT), 503, "recursive");
    }

    @Test
    void saysWhatItFinds() {
        StringBuilder steps = new StringBuilder();
        new InboundRouting(Set.of(), false).route(mesh(GATEWAY), WEB, POD, Authority.parse("web.local:80"), CLIENT,
                text -> steps.append(text.get()).append('\n'));

        assertThat(steps).hasToString("the pod serves default/web.local\nthe app is at 10.0.0.1 port 8080\n");
    }

    private static NetworkAddress vip(String address) {
        return new NetworkAddress("", ip(address));
    }

    private static InetAddress ip(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }
}
