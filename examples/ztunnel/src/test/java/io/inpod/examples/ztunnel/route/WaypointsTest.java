package io.inpod.examples.ztunnel.route;

import static io.inpod.examples.ztunnel.route.Meshes.endpoint;
import static io.inpod.examples.ztunnel.route.Meshes.firstOf;
import static io.inpod.examples.ztunnel.route.Meshes.gateway;
import static io.inpod.examples.ztunnel.route.Meshes.ip;
import static io.inpod.examples.ztunnel.route.Meshes.lastOf;
import static io.inpod.examples.ztunnel.route.Meshes.service;
import static io.inpod.examples.ztunnel.route.Meshes.socket;
import static io.inpod.examples.ztunnel.route.Meshes.vips;
import static io.inpod.examples.ztunnel.route.Meshes.web;
import static io.inpod.examples.ztunnel.route.Meshes.workload;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.ApplicationTunnel.Protocol;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.ServiceBuilder;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.route.OutboundRoute.LookUp;
import io.inpod.examples.ztunnel.route.OutboundRoute.OtherNetwork;
import io.inpod.examples.ztunnel.route.OutboundRoute.Refused;
import io.inpod.examples.ztunnel.route.OutboundRoute.ToWaypoint;
import io.inpod.examples.ztunnel.route.OutboundRoute.Tunnel;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** One test for each way through a waypoint, or to another network. */
class WaypointsTest {
    private static final ServiceName WAYPOINT = new ServiceName("default", "waypoint.local");
    private static final String REMOTE_IDENTITY = "spiffe://cluster.local/ns/default/sa/sa-remote";
    private final Meshes mesh = new Meshes();

    // --- of a workload

    @Test
    void aWorkloadWithAWaypointIsReachedThroughIt() {
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway("10.0.0.8"))).with(waypoint());

        ToWaypoint route = (ToWaypoint) mesh.to("10.0.0.2", 80);

        assertThat(route.hop().peer()).isEqualTo(socket("10.0.0.8", 15008));
        assertThat(route.hop().authority()).hasToString("10.0.0.2:80");
        assertThat(route.hop().identities()).extracting(Object::toString)
                .containsExactly("spiffe://cluster.local/ns/default/sa/sa-waypoint");
        assertThat(route.service()).isNull();
    }

    @Test
    void theWaypointItselfReachesTheWorkloadDirectly() {
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway("10.0.0.1")));

        assertThat(mesh.to("10.0.0.2", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void anEndpointOfTheWaypointsServiceReachesTheWorkloadDirectly() {
        mesh.client(workload("client", "10.0.0.1").services(Map.of(WAYPOINT, Ports.NONE)));
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway(WAYPOINT))).with(waypointService());

        assertThat(mesh.to("10.0.0.2", 80)).isInstanceOf(Tunnel.class);
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway("10.96.0.8")));
        assertThat(mesh.to("10.0.0.2", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void aWaypointWithSeveralAddressesIsReachedAtTheOneThatIsGiven() {
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway("fd00::8"))).with(workload("waypoint", "10.0.0.8", "fd00::8"));

        assertThat(((ToWaypoint) mesh.to("10.0.0.2", 80)).hop().peer()).isEqualTo(socket("fd00::8", 15008));
    }

    @Test
    void aServiceWithoutAWaypointDoesNotUseThoseOfItsEndpoints() {
        mesh.with(endpoint("a", "10.0.0.2").waypoint(gateway("10.0.0.8"))).with(waypoint()).with(service());

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void anUnknownWaypointIsRefusedNeverPassedBy() {
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway("10.0.0.8"))).with(service().waypoint(gateway(WAYPOINT)));

        assertThat(mesh.to("10.0.0.2", 80)).isEqualTo(new Refused("unknown waypoint", "/10.0.0.8:15008 (unknown)"));
        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("unknown waypoint", "default/waypoint.local:15008 (unknown)"));
    }

    @Test
    void aWaypointOfAWorkloadInAnotherNetworkIsRefused() {
        mesh.with(workload("a", "10.0.0.2").waypoint(gateway(new NetworkAddress("remote", ip("10.0.0.8")))));
        mesh.with(waypoint().network("remote"));

        assertThat(mesh.to("10.0.0.2", 80)).isEqualTo(
                new Refused("no valid routing destination",
                "without a service, the waypoint remote/10.0.0.8:15008 in another network can't be reached"));
    }

    // --- of a service

    @Test
    void aServiceWithAWaypointIsReachedThroughItByItsOwnAddress() {
        mesh.with(endpoint("a", "10.0.0.2")).with(service().waypoint(gateway("10.0.0.8"))).with(waypoint());

        ToWaypoint route = (ToWaypoint) mesh.to("10.96.0.1", 80);

        assertThat(route.hop().peer()).isEqualTo(socket("10.0.0.8", 15008));
        assertThat(route.hop().authority()).hasToString("10.96.0.1:80");
        assertThat(route.service()).isNotNull();
        assertThat(mesh.steps).containsExactly("10.96.0.1 is an address of the service default/web.local",
                "its waypoint /10.0.0.8:15008 is c//Pod/default/waypoint");
    }

    @Test
    void aServiceThatIsAskedForByNameIsReachedThroughItsWaypointByName() {
        mesh.with(service().waypoint(gateway("10.0.0.8"))).with(waypoint());

        assertThat(((ToWaypoint) mesh.toName("web.local", 80)).hop().authority()).hasToString("web.local:80");
    }

    @Test
    void aWaypointThatIsAServiceIsOneOfItsEndpoints() {
        mesh.with(service().waypoint(gateway(WAYPOINT)));
        mesh.with(waypoint().services(Map.of(WAYPOINT, Ports.NONE)));
        mesh.with(waypointService().subjectAltNames(List.of(REMOTE_IDENTITY)));

        ToWaypoint route = (ToWaypoint) mesh.to("10.96.0.1", 80);

        assertThat(route.hop().peer()).isEqualTo(socket("10.0.0.8", 15009));
        assertThat(route.hop().identities()).hasSize(2);
    }

    @Test
    void aWaypointMayBeGivenByTheAddressOfItsService() {
        mesh.with(service().waypoint(gateway("10.96.0.8"))).with(waypointService()).with(waypoint().services(Map.of(WAYPOINT, Ports.NONE)));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).hop().peer()).isEqualTo(socket("10.0.0.8", 15009));
    }

    @Test
    void aWaypointWithAnApplicationTunnelNeedsNoPortOfItsService() {
        mesh.with(service().waypoint(gateway(WAYPOINT))).with(waypointService().ports(Ports.NONE));
        mesh.with(waypoint().services(Map.of(WAYPOINT, Ports.NONE)));
        assertThat(mesh.to("10.96.0.1", 80))
                .isEqualTo(new Refused("unknown waypoint", "default/waypoint.local:15008 (the service doesn't have that port)"));

        mesh.with(waypoint().services(Map.of(WAYPOINT, Ports.NONE)).applicationTunnel(new ApplicationTunnel(Protocol.PROXY, 15088)));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).hop().peer()).isEqualTo(socket("10.0.0.8", 15008));
    }

    @Test
    void aWaypointsOwnPortDoesNotCountIfItsServiceLacksIt() {
        mesh.with(service().waypoint(gateway(WAYPOINT))).with(waypointService().ports(Ports.NONE));
        mesh.with(waypoint().services(Map.of(WAYPOINT, new Ports(Map.of(15008, 15009)))));

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(Refused.class);
    }

    @Test
    void aWaypointOfAnAddressCountsMoreThanAServiceWithThatAddress() {
        mesh.with(workload("a", "10.96.0.1").waypoint(gateway("10.0.0.8"))).with(waypoint()).with(endpoint("b", "10.0.0.2")).with(service());

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.96.0.1:80");
    }

    @Test
    void aServicesWaypointCountsAtAWorkloadsAddressToo() {
        mesh.with(workload("a", "10.96.0.1")).with(waypoint()).with(service().waypoint(gateway("10.0.0.8")));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 9000)).hop().authority()).hasToString("10.96.0.1:9000");
    }

    @Test
    void aWaypointThatIsAWorkloadWithOnlyAHostnameIsLookedUp() {
        mesh.with(service().waypoint(gateway(WAYPOINT))).with(waypoint().addresses(List.of()).hostname("Waypoint.local"));

        LookUp lookUp = (LookUp) mesh.to("10.96.0.1", 80);

        assertThat(lookUp.hostname()).isEqualTo("waypoint.local");
        assertThat(((ToWaypoint) lookUp.then().at(ip("10.0.0.8"))).hop().peer()).isEqualTo(socket("10.0.0.8", 15008));
    }

    @Test
    void aHostnameOfAnotherNamespaceIsNoWaypoint() {
        mesh.with(service().waypoint(gateway(new ServiceName("other", "waypoint.local")))).with(waypoint().hostname("waypoint.local"));

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(Refused.class);
    }

    @Test
    void aServiceInPassthroughModeIsReachedThroughItsWaypoint() {
        mesh.with(service().waypoint(gateway("10.0.0.8")).loadBalancing(new LoadBalancing(List.of(), Mode.PASSTHROUGH, false)))
                .with(waypoint());

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(ToWaypoint.class);
    }

    @Test
    void weightedWaypointsShareAServicesConnections() {
        mesh.with(weighted(9, 1)).with(waypoint()).with(workload("canary", "10.0.0.9"));

        Target target = new Target.Address(ip("10.96.0.1"), 80);
        assertThat(((ToWaypoint) mesh.to(target, firstOf())).waypoint().name()).isEqualTo("waypoint");
        assertThat(((ToWaypoint) mesh.to(target, lastOf())).waypoint().name()).isEqualTo("canary");
    }

    @Test
    void aWaypointOfWeightZeroGetsNoConnections() {
        mesh.with(weighted(0, 1)).with(waypoint()).with(workload("canary", "10.0.0.9"));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).waypoint().name()).isEqualTo("canary");
    }

    @Test
    void ifAllWeightsAreZeroTheSingleWaypointCounts() {
        mesh.with(weighted(0, 0).waypoint(gateway("10.0.0.7"))).with(workload("single", "10.0.0.7"));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).waypoint().name()).isEqualTo("single");
    }

    @Test
    void aWaypointThatCallsItsServiceIsNotSentToAnotherOfItsWaypoints() {
        mesh.client(workload("waypoint", "10.0.0.8")).with(weighted(1, 9)).with(workload("canary", "10.0.0.9"))
                .with(endpoint("a", "10.0.0.2"));

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void aServiceThatIsItsOwnWaypointEnds() {
        mesh.with(service().waypoint(new Gateway(web(), 80))).with(endpoint("a", "10.0.0.2"));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).hop().peer()).isEqualTo(socket("10.0.0.2", 8080));
    }

    @Test
    void servicesThatAreEachOthersWaypointsEnd() {
        mesh.with(service().waypoint(gateway(WAYPOINT))).with(waypointService().waypoint(new Gateway(web(), 80)));
        mesh.with(waypoint().services(Map.of(WAYPOINT, Ports.NONE)).waypoint(gateway("10.0.0.2"))).with(endpoint("a", "10.0.0.2"));

        assertThat(((ToWaypoint) mesh.to("10.96.0.1", 80)).waypoint().name()).isEqualTo("waypoint");
    }

    @Test
    void aWaypointThatHasFailedGivesWayToAnotherOfItsService() {
        mesh.with(service().waypoint(gateway(WAYPOINT))).with(waypointService()).with(waypoint().services(Map.of(WAYPOINT, Ports.NONE)));
        mesh.with(workload("second", "10.0.0.9").services(Map.of(WAYPOINT, Ports.NONE)));
        Target target = new Target.Address(ip("10.96.0.1"), 80);

        ToWaypoint other = (ToWaypoint) mesh.to(target, firstOf().without(Set.of("c//Pod/default/waypoint")));

        assertThat(other.waypoint().name()).isEqualTo("second");
        assertThat(mesh.to(target, firstOf().without(Set.of("c//Pod/default/waypoint")).without(Set.of("c//Pod/default/second"))))
                .isEqualTo(new Refused("unknown waypoint", "default/waypoint.local:15008 (no healthy upstream)"));
    }

    // --- other networks

    @Test
    void anEndpointInAnotherNetworkIsReachedThroughItsGateway() {
        mesh.with(remote().networkGateway(gateway("10.0.0.9"))).with(workload("gateway", "10.0.0.9")).with(remoteService());

        OtherNetwork route = (OtherNetwork) mesh.to("10.96.0.1", 80);

        assertThat(route.gateway().peer()).isEqualTo(socket("10.0.0.9", 15008));
        assertThat(route.gateway().authority()).hasToString("web.local:80");
        assertThat(route.gateway().identities()).extracting(Object::toString)
                .containsExactly("spiffe://cluster.local/ns/default/sa/sa-gateway");
        assertThat(route.authority()).hasToString("web.local:80");
        assertThat(route.identities()).extracting(Object::toString).containsExactly(REMOTE_IDENTITY);
    }

    @Test
    void aGatewayMayBeAServiceWithAPortOfItsOwn() {
        ServiceName name = new ServiceName("default", "gateway.local");
        mesh.with(remote().networkGateway(new Gateway(name, 15009))).with(remoteService());
        mesh.with(workload("gateway", "10.0.0.9").network("remote").services(Map.of(name, Ports.NONE)));
        mesh.with(service("default", "gateway.local").addresses(List.of()).ports(new Ports(Map.of(15009, 15008))));

        assertThat(((OtherNetwork) mesh.to("10.96.0.1", 80)).gateway().peer()).isEqualTo(socket("10.0.0.9", 15008));
    }

    @Test
    void anEndpointInAnotherNetworkWithoutAGatewayIsNoEndpoint() {
        assertThat(mesh.with(remote()).with(remoteService()).to("10.96.0.1", 80))
                .isEqualTo(new Refused("no healthy upstream", "default/web.local:80"));
    }

    @Test
    void anUnknownGatewayIsRefused() {
        mesh.with(remote().networkGateway(gateway("10.0.0.9"))).with(remoteService());

        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("unknown network gateway", "/10.0.0.9:15008 (unknown)"));
    }

    @Test
    void withoutIdentitiesOfTheServiceNobodyInTheOtherNetworkIsTrusted() {
        mesh.with(remote().networkGateway(gateway("10.0.0.9"))).with(workload("gateway", "10.0.0.9")).with(service());

        assertThat(((Refused) mesh.to("10.96.0.1", 80)).message())
                .isEqualTo("no valid routing destination: default/web.local names no identities (subjectAltNames) of its endpoints in other networks");
    }

    @Test
    void anEndpointInAnotherNetworkNeedsNoAddress() {
        mesh.with(remote().addresses(List.of()).networkGateway(gateway("10.0.0.9"))).with(workload("gateway", "10.0.0.9"))
                .with(remoteService());

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(OtherNetwork.class);
    }

    @Test
    void aWorkloadInAnotherNetworkIsRefusedByName() {
        mesh.with(remote().hostname("remote.local"));

        assertThat(mesh.toName("remote.local", 80)).isEqualTo(
                new Refused("no valid routing destination",
                "without a service, c//Pod/default/remote in another network can't be reached"));
    }

    @Test
    void aWaypointOfAServiceInAnotherNetworkIsReachedThroughItsGateway() {
        mesh.with(remoteService().waypoint(gateway(new NetworkAddress("remote", ip("10.0.0.8"))))).with(endpoint("a", "10.0.0.2"));
        mesh.with(waypoint().network("remote").networkGateway(gateway("10.0.0.9"))).with(workload("gateway", "10.0.0.9"));

        assertThat(((OtherNetwork) mesh.to("10.96.0.1", 80)).through().name()).isEqualTo("gateway");
    }

    @Test
    void behindAWildcardTheOtherNetworkIsAskedForTheName() {
        ServiceName name = new ServiceName("default", "*.web.local");
        mesh.with(remote().services(Map.of(name, Ports.NONE)).networkGateway(gateway("10.0.0.9"))).with(workload("gateway", "10.0.0.9"));
        mesh.with(service("default", "*.web.local").subjectAltNames(List.of(REMOTE_IDENTITY)));

        assertThat(((OtherNetwork) mesh.toName("a.web.local", 80)).authority()).hasToString("a.web.local:80");
        assertThat(((Refused) mesh.to("10.96.0.1", 80)).reason()).isEqualTo("no valid routing destination");
    }

    private static WorkloadBuilder waypoint() {
        return workload("waypoint", "10.0.0.8");
    }

    private static ServiceBuilder waypointService() {
        return service("default", "waypoint.local").addresses(vips("10.96.0.8")).ports(new Ports(Map.of(15008, 15009)));
    }

    private static ServiceBuilder weighted(long first, long second) {
        return service()
                .weightedWaypoints(List.of(new WeightedGateway(gateway("10.0.0.8"), first), new WeightedGateway(gateway("10.0.0.9"), second)));
    }

    private static WorkloadBuilder remote() {
        return endpoint("remote", "10.1.0.2").network("remote");
    }

    private static ServiceBuilder remoteService() {
        return service().subjectAltNames(List.of(REMOTE_IDENTITY));
    }
}
