package io.inpod.examples.ztunnel.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.inpod.examples.ztunnel.mesh.EndpointGroups;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A service with many endpoints: the groups give every endpoint the same chances as looking at all endpoints. */
class EndpointGroupsTest {
    private static final ServiceName WEB = new ServiceName("default", "web.local");
    private static final Trace LOOKS_AT_ALL = text -> {
    };
    private static final List<List<Scope>> PREFERENCES = List.of(List.of(), List.of(Scope.REGION, Scope.ZONE), List.of(Scope.NODE),
            List.of(Scope.NETWORK, Scope.REGION, Scope.ZONE), List.of(Scope.NETWORK), List.of(Scope.ZONE, Scope.NETWORK));

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void groupsGiveTheSameChancesAsAllEndpointsWhateverChanges(int seed) {
        Random random = new Random(seed);
        for (List<Scope> preferences : PREFERENCES) {
            for (Mode mode : List.of(Mode.STANDARD, Mode.STRICT, Mode.FAILOVER)) {
                Service service = Service.builder("default", "web.local").ports(new Ports(Map.of(80, 8080, 81, 0)))
                        .loadBalancing(new LoadBalancing(preferences, mode, random.nextInt(4) == 0))
                        .ipFamilies(random.nextInt(4) == 0 ? IpFamilies.IPV6 : IpFamilies.AUTOMATIC).build();
                Mesh mesh = changed(Mesh.EMPTY.change().put(service), 60, random);
                for (int i = 0; i < 3; i++) {
                    mesh = changed(mesh.change(), 10, random);
                    compare(mesh, service, random);
                }
            }
        }
    }

    private static Mesh changed(MeshChange change, int workloads, Random random) {
        for (int i = 0; i < workloads; i++) {
            String uid = "w" + random.nextInt(80);
            if (random.nextInt(5) == 0) {
                change.removeWorkload(uid);
            } else {
                change.put(workload(uid, random.nextInt(3) == 0 ? "far" : "", random));
            }
        }
        return change.build();
    }

    private static Workload workload(String uid, String network, Random random) {
        InetAddress address = Meshes.ip((random.nextInt(6) == 0 ? "fd00::" : "10.0.0.") + (random.nextInt(200) + 1));
        Ports ports = random.nextInt(3) == 0 ? new Ports(Map.of(81, 8081)) : Ports.NONE;
        return Workload.builder(uid, "default").addresses(random.nextInt(8) == 0 ? List.of() : List.of(address))
                .network(network).networkGateway(random.nextBoolean() ? null : new Gateway(WEB, 15008))
                .node("n" + random.nextInt(3)).healthy(random.nextInt(5) > 0).capacity(random.nextInt(3)).hbone(random.nextInt(3) > 0)
                .locality(new Locality("r" + random.nextInt(2), "z" + random.nextInt(2), ""))
                .services(random.nextInt(10) == 0 ? Map.of() : Map.of(WEB, ports)).build();
    }

    private static void compare(Mesh mesh, Service service, Random random) {
        Workload client = workload("client", List.of("", "far", "elsewhere").get(random.nextInt(3)), random);
        Set<String> failed = new HashSet<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            failed.add("w" + random.nextInt(80));
        }
        int port = 80 + random.nextInt(2);
        EndpointChoice.Use use = EndpointChoice.Use.values()[random.nextInt(3)];
        Map<String, Double> all = chances(mesh, client, failed, LOOKS_AT_ALL, service, port, use);
        Map<String, Double> grouped = chances(mesh, client, failed, Trace.NONE, service, port, use);

        assertThat(grouped.keySet()).as(service + " from " + client + " without " + failed).isEqualTo(all.keySet());
        all.forEach((uid, chance) -> assertThat(grouped.get(uid)).as(uid).isCloseTo(chance, within(1e-9)));
    }

    /** Goes through all that chance may say. */
    private static Map<String, Double> chances(Mesh mesh, Workload client, Set<String> failed, Trace trace, Service service, int port,
            EndpointChoice.Use use) {
        Map<String, Double> chances = new HashMap<>();
        List<Long> drawn = new ArrayList<>();
        for (boolean more = true; more;) {
            List<Long> bounds = new ArrayList<>();
            LongUnaryOperator chance = bound -> {
                bounds.add(bound);
                if (bounds.size() > drawn.size()) {
                    drawn.add(0L);
                }
                return drawn.get(bounds.size() - 1);
            };
            Question question = new Question(mesh, client, new Target.Name("web.local", port), new Choice(failed, chance), trace);
            EndpointChoice.Chosen chosen = EndpointChoice.choose(question, service, port, use);
            double likelihood = bounds.stream().mapToDouble(bound -> 1.0 / bound).reduce(1, (a, b) -> a * b);
            chances.merge(chosen == null ? "none" : chosen.workload().uid() + ":" + chosen.port(), likelihood, Double::sum);
            more = false;
            while (!drawn.isEmpty() && !more) {
                int last = drawn.size() - 1;
                long next = drawn.remove(last) + 1;
                more = next < bounds.get(last);
                if (more) {
                    drawn.add(next);
                }
            }
        }
        return chances;
    }

    @ParameterizedTest
    @EnumSource(value = Mode.class, names = {"STANDARD", "FAILOVER"})
    void aChoiceLooksAtNoEndpointButTheChosen(Mode mode) {
        MeshChange change = Mesh.EMPTY.change();
        Service service = Service.builder("default", "web.local").ports(new Ports(Map.of(80, 8080)))
                .loadBalancing(new LoadBalancing(List.of(Scope.ZONE), mode, false)).build();
        change.put(service);
        for (int i = 0; i < 200; i++) {
            change.put(Workload.builder("w" + i, "default").addresses(List.of(Meshes.ip("10.0.0." + i))).services(Map.of(WEB, Ports.NONE))
                    .locality(new Locality("", "z" + i % 2, "")).build());
        }
        Mesh mesh = change.build();
        Workload client = Workload.builder("client", "default").locality(new Locality("", "z1", "")).build();

        EndpointGroups.Group preferred = mesh.groups(WEB).orElseThrow().preferredBy(client);
        assertThat(preferred.capacity()).isEqualTo(mode == Mode.STANDARD ? 200 : 100);
        AtomicInteger draws = new AtomicInteger();
        Choice choice = new Choice(Set.of(), bound -> {
            draws.incrementAndGet();
            assertThat(bound).isEqualTo(preferred.capacity());
            return bound - 1;
        });
        assertThat(EndpointChoice.choose(new Question(mesh, client, new Target.Name("web.local", 80), choice, Trace.NONE), service, 80,
                EndpointChoice.Use.DESTINATION)).isNotNull();
        assertThat(draws).hasValue(1);
    }

    @Test
    void aServiceWithFewEndpointsOrWithOnesThatItNamesHasNoGroups() {
        Service service = Service.builder("default", "web.local").build();
        MeshChange change = Mesh.EMPTY.change().put(service);
        for (int i = 0; i < 40; i++) {
            change.put(Workload.builder("w" + i, "default").services(Map.of(WEB, Ports.NONE)).build());
        }
        Mesh many = change.build();
        assertThat(many.groups(WEB)).isPresent();

        MeshChange fewer = many.change();
        for (int i = 0; i < 20; i++) {
            fewer.removeWorkload("w" + i);
        }
        assertThat(fewer.build().groups(WEB)).isEmpty();
        assertThat(many.change().removeService(WEB).build().groups(WEB)).isEmpty();
        assertThat(many.change().removeService(WEB).put(service).build().groups(WEB)).isPresent();
    }
}
