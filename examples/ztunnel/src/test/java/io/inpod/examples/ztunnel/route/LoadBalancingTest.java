package io.inpod.examples.ztunnel.route;

import static io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope.NETWORK;
import static io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope.REGION;
import static io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope.ZONE;
import static io.inpod.examples.ztunnel.route.Meshes.endpoint;
import static io.inpod.examples.ztunnel.route.Meshes.ip;
import static io.inpod.examples.ztunnel.route.Meshes.service;
import static io.inpod.examples.ztunnel.route.Meshes.web;
import static io.inpod.examples.ztunnel.route.Meshes.workload;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.ServiceBuilder;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.route.OutboundRoute.OtherNetwork;
import io.inpod.examples.ztunnel.route.OutboundRoute.Refused;
import io.inpod.examples.ztunnel.route.OutboundRoute.Tunnel;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which endpoint of a service is chosen. */
class LoadBalancingTest {
    private static final Locality HERE = new Locality("region", "zone", "rack");
    private final Meshes mesh = new Meshes().client(client());

    @Test
    void everyEndpointGetsConnectionsInProportionToItsCapacity() {
        mesh.with(endpoint("a", "10.0.0.2")).with(endpoint("b", "10.0.0.3").capacity(3)).with(service());

        assertThat(shares(4)).isEqualTo(Map.of("a", 1, "b", 3));
    }

    @Test
    void anEndpointWithoutCapacityGetsNone() {
        mesh.with(endpoint("a", "10.0.0.2").capacity(0)).with(endpoint("b", "10.0.0.3")).with(service());

        assertThat(shares(1)).isEqualTo(Map.of("b", 1));
        mesh.with(endpoint("b", "10.0.0.3").capacity(0));
        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("no healthy upstream", "default/web.local:80"));
    }

    @Test
    void capacitiesThatAreTooLargeToBeAddedStillCount() {
        mesh.with(endpoint("a", "10.0.0.2").capacity(Long.MAX_VALUE)).with(endpoint("b", "10.0.0.3").capacity(Long.MAX_VALUE))
                .with(service());

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(Tunnel.class);
    }

    @Test
    void aWorkloadThatIsNotHealthyIsNotChosen() {
        mesh.with(endpoint("a", "10.0.0.2").healthy(false)).with(endpoint("b", "10.0.0.3")).with(service());

        assertThat(shares(1)).isEqualTo(Map.of("b", 1));
    }

    @Test
    void anEndpointThatIsNotHealthyIsNotChosen() {
        mesh.with(workload("a", "10.0.0.2")).with(service().endpoints(Map.of("a", new Endpoint("c//Pod/default/a", Ports.NONE, false))));

        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("no healthy upstream", "default/web.local:80"));
    }

    @Test
    void unhealthyEndpointsAreChosenIfTheServiceAllowsIt() {
        mesh.with(endpoint("a", "10.0.0.2").healthy(false)).with(service()
                .loadBalancing(new LoadBalancing(List.of(), Mode.STANDARD, true)));

        assertThat(chosen()).isEqualTo("a");
    }

    @Test
    void anEndpointThatIsListedTwiceCountsOnce() {
        Map<String, Endpoint> listed =
                Map.of("1", new Endpoint("c//Pod/default/a", Ports.NONE, true), "2", new Endpoint("c//Pod/default/a", Ports.NONE, true));
        mesh.with(endpoint("a", "10.0.0.2")).with(endpoint("b", "10.0.0.3")).with(service().endpoints(listed));

        assertThat(shares(2)).isEqualTo(Map.of("a", 1, "b", 1));
    }

    @Test
    void anEndpointThatIsListedTwiceHasTheWorkloadsPort() {
        for (String key : List.of("1", "2", "c//Pod/default/a")) {
            mesh.with(workload("a", "10.0.0.2").services(Map.of(web(), new Ports(Map.of(80, 8081)))))
                    .with(service().endpoints(Map.of(key, new Endpoint("c//Pod/default/a", new Ports(Map.of(80, 8082)), true))));

            assertThat(((Tunnel) mesh.to("10.96.0.1", 80)).hop().authority()).hasToString("10.0.0.2:8081");
        }
    }

    @Test
    void anEndpointThatIsListedTwiceIsUnhealthyIfOneSideSaysSo() {
        mesh.with(endpoint("a", "10.0.0.2")).with(service().endpoints(Map.of("1", new Endpoint("c//Pod/default/a", Ports.NONE, false))));

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(Refused.class);
    }

    @Test
    void anEndpointWhoseWorkloadIsNotKnownIsNotChosen() {
        mesh.with(service().endpoints(Map.of("1", new Endpoint("nobody", Ports.NONE, true))));

        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("the service has no endpoints", "default/web.local:80"));
    }

    @ParameterizedTest
    @EnumSource(Scope.class)
    void strictChoosesOnlyWhatHasEverythingInCommon(Scope scope) {
        mesh.with(here("near", "10.0.0.2")).with(elsewhere("far", "10.0.0.3", scope)).with(balanced(Mode.STRICT, scope));

        assertThat(shares(1)).isEqualTo(Map.of("near", 1));
    }

    @ParameterizedTest
    @EnumSource(value = Scope.class, names = "NETWORK", mode = EnumSource.Mode.EXCLUDE)
    void strictChoosesNothingElse(Scope scope) {
        mesh.with(elsewhere("far", "10.0.0.3", scope)).with(balanced(Mode.STRICT, scope));

        assertThat(mesh.to("10.96.0.1", 80)).isEqualTo(new Refused("no healthy upstream", "default/web.local:80"));
    }

    @Test
    void failoverChoosesWhatHasTheMostInCommon() {
        mesh.with(here("near", "10.0.0.2").locality(new Locality("region", "other", ""))).with(elsewhere("far", "10.0.0.3", REGION));
        mesh.with(balanced(Mode.FAILOVER, REGION, ZONE));

        assertThat(shares(1)).isEqualTo(Map.of("near", 1));
    }

    @Test
    void failoverChoosesOthersIfThereIsNothingNear() {
        mesh.with(here("near", "10.0.0.2").healthy(false)).with(elsewhere("far", "10.0.0.3", REGION)).with(balanced(Mode.FAILOVER, REGION));

        assertThat(chosen()).isEqualTo("far");
    }

    @Test
    void afterTheFirstDifferenceNothingElseCounts() {
        mesh.with(here("a", "10.0.0.2").locality(new Locality("other", "zone", ""))).with(elsewhere("b", "10.0.0.3", REGION));
        mesh.with(balanced(Mode.FAILOVER, REGION, ZONE));

        assertThat(shares(2)).isEqualTo(Map.of("a", 1, "b", 1));
    }

    @Test
    void theNetworkAsTheFirstPreferenceOutweighsAllOthers() {
        mesh.with(here("near", "10.0.0.2").locality(Locality.UNKNOWN)).with(elsewhere("far", "10.1.0.3", NETWORK));
        mesh.with(workload("gateway", "10.0.0.9")).with(balanced(Mode.FAILOVER, NETWORK, REGION, ZONE));

        assertThat(shares(1)).isEqualTo(Map.of("near", 1));
    }

    @Test
    void inOtherNetworksTheOtherPreferencesStillCount() {
        LoadBalancing balancing = balanced(Mode.FAILOVER, NETWORK, REGION, ZONE).build().loadBalancing();

        assertThat(Preferences.rank(balancing, client().build(), elsewhere("a", "10.0.0.2", NETWORK).build())).isEqualTo(2);
        assertThat(Preferences.rank(balancing, client().build(), here("a", "10.0.0.2").locality(Locality.UNKNOWN).build())).isEqualTo(3);
        assertThat(Preferences.rank(balancing, client().build(), here("a", "10.0.0.2").build())).isEqualTo(5);
    }

    @Test
    void ifNothingInItsNetworkIsHealthyAnEndpointInAnotherNetworkIsChosen() {
        mesh.with(here("near", "10.0.0.2").healthy(false)).with(elsewhere("far", "10.1.0.3", NETWORK))
                .with(workload("gateway", "10.0.0.9"));
        mesh.with(balanced(Mode.FAILOVER, NETWORK, REGION).subjectAltNames(List.of("spiffe://cluster.local/ns/default/sa/sa-far")));

        assertThat(mesh.to("10.96.0.1", 80)).isInstanceOf(OtherNetwork.class);
    }

    @Test
    void anEndpointWhoseGatewayCanNotBeUsedIsPassedOver() {
        mesh.with(here("near", "10.0.0.2").capacity(1)).with(elsewhere("far", "10.1.0.3", NETWORK)).with(service());

        assertThat(shares(2)).isEqualTo(Map.of("near", 2));
    }

    private static WorkloadBuilder client() {
        return here("client", "10.0.0.1").services(Map.of());
    }

    private static WorkloadBuilder here(String name, String address) {
        return endpoint(name, address).locality(HERE).node("node-1").telemetry(cluster("one"));
    }

    private static WorkloadBuilder elsewhere(String name, String address, Scope difference) {
        WorkloadBuilder other = here(name, address);
        return switch (difference) {
            case REGION -> other.locality(new Locality("other", HERE.zone(), HERE.subzone()));
            case ZONE -> other.locality(new Locality(HERE.region(), "other", HERE.subzone()));
            case SUBZONE -> other.locality(new Locality(HERE.region(), HERE.zone(), "other"));
            case NODE -> other.node("other");
            case CLUSTER -> other.telemetry(cluster("other"));
            case NETWORK -> other.network("remote").networkGateway(Meshes.gateway("10.0.0.9"));
        };
    }

    private static Telemetry cluster(String id) {
        return new Telemetry("deployment", "", "", "", id);
    }

    private static ServiceBuilder balanced(Mode mode, Scope... preferences) {
        return service().loadBalancing(new LoadBalancing(List.of(preferences), mode, false));
    }

    private String chosen() {
        return shares(1).keySet().iterator().next();
    }

    /** How often an endpoint is chosen if chance takes each number below a bound once. */
    private Map<String, Integer> shares(int bound) {
        Map<String, Integer> shares = new TreeMap<>();
        for (int i = 0; i < bound; i++) {
            int number = i;
            Choice choice = new Choice(Set.of(), most -> {
                assertThat(most).isLessThanOrEqualTo(bound);
                return Math.min(number, most - 1);
            });
            Tunnel tunnel = (Tunnel) mesh.to(new Target.Address(ip("10.96.0.1"), 80), choice);
            shares.merge(tunnel.workload().name(), 1, Integer::sum);
        }
        return shares;
    }
}
