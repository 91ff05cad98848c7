package io.inpod.benchmarks;

import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.route.Choice;
import io.inpod.examples.ztunnel.route.OutboundRoute;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.examples.ztunnel.route.Target;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures how long the ztunnel decides where a connection goes, in a mesh of 1,000 services with ten endpoints each, and two with 5,000;
 * and how long it takes over a change of one of these 5,000.
 */
@BenchmarkMode(org.openjdk.jmh.annotations.Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(org.openjdk.jmh.annotations.Scope.Thread)
public class RoutingBenchmark {
    private static final int SERVICES = 1000;
    private static final int ENDPOINTS = 10;
    private static final int MANY = 5000;

    private final OutboundRouting routing = new OutboundRouting(true, address -> false);
    private Mesh mesh = Mesh.EMPTY;
    private Workload client = workload("client", 0, 0).build();
    private int next;

    /** Creates the mesh. */
    @Setup
    public void create() {
        MeshChange change = Mesh.EMPTY.change().put(client);
        for (int i = 0; i < SERVICES; i++) {
            ServiceName name = new ServiceName("default", "service-" + i + ".local");
            change.put(Service.builder("default", name.hostname()).addresses(List.of(new NetworkAddress("", service(i))))
                    .ports(new Ports(Map.of(80, 8080))).loadBalancing(balancing(i)).build());
            for (int j = 0; j < ENDPOINTS; j++) {
                change.put(workload("pod-" + i + "-" + j, i + 1, j).services(Map.of(name, Ports.NONE)).build());
            }
        }
        for (int i = SERVICES; i < SERVICES + 2; i++) {
            change.put(Service.builder("default", large(i).hostname()).addresses(List.of(new NetworkAddress("", service(i))))
                    .ports(new Ports(Map.of(80, 8080))).loadBalancing(balancing(i)).build());
        }
        for (int j = 0; j < MANY; j++) {
            change.put(largeEndpoint(j, 1));
        }
        mesh = change.build();
    }

    private static ServiceName large(int i) {
        return new ServiceName("default", "service-" + i + ".local");
    }

    private static Workload largeEndpoint(int j, int capacity) {
        return workload("pod-" + j, SERVICES + j / 200, j % 200).capacity(capacity)
                .services(Map.of(large(SERVICES), Ports.NONE, large(SERVICES + 1), Ports.NONE)).build();
    }

    private static LoadBalancing balancing(int i) {
        return i % 2 == 0 ? LoadBalancing.ANY
                : new LoadBalancing(List.of(Scope.REGION, Scope.ZONE, Scope.NODE), Mode.FAILOVER, false);
    }

    private static WorkloadBuilder workload(String name, int i, int j) {
        return Workload.builder("c//Pod/default/" + name, "default").name(name).node("node-" + j).hbone(true)
                .addresses(List.of(address(10, i / 250, i % 250, j + 1)));
    }

    private static InetAddress service(int i) {
        return address(192, 168, i / 250, i % 250);
    }

    private static InetAddress address(int a, int b, int c, int d) {
        try {
            return InetAddress.getByAddress(new byte[] {(byte) a, (byte) b, (byte) c, (byte) d});
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes", e);
        }
    }

    private OutboundRoute route(Target target) {
        return routing.route(mesh, client, target, Choice.atRandom(), Trace.NONE);
    }

    private int turn(int first) {
        next = (next + 2) % SERVICES;
        return next + first;
    }

    /** {@return the route to a pod} */
    @Benchmark
    public OutboundRoute pod() {
        int i = turn(0) + 1;
        return route(new Target.Address(address(10, i / 250, i % 250, 1), 80));
    }

    /** {@return the route to one of ten endpoints that are alike} */
    @Benchmark
    public OutboundRoute service() {
        return route(new Target.Address(service(turn(0)), 80));
    }

    /** {@return the route to the endpoint that is nearest} */
    @Benchmark
    public OutboundRoute serviceWithPreferences() {
        return route(new Target.Address(service(turn(1)), 80));
    }

    /** {@return the route to one of 5,000 endpoints that are alike} */
    @Benchmark
    public OutboundRoute largeService() {
        return route(new Target.Address(service(SERVICES), 80));
    }

    /** {@return the route to one of 5,000 endpoints, of which 25 are nearest} */
    @Benchmark
    public OutboundRoute largeServiceWithPreferences() {
        return route(new Target.Address(service(SERVICES + 1), 80));
    }

    /** {@return the mesh after a change of an endpoint of both services with 5,000} */
    @Benchmark
    public Mesh changeOfAnEndpoint() {
        int j = turn(0);
        mesh = mesh.change().put(largeEndpoint(j, 1 + next % 4)).build();
        return mesh;
    }

    /** {@return the route to a service whose name is known} */
    @Benchmark
    public OutboundRoute serviceByName() {
        return route(new Target.Name("service-" + turn(0) + ".local", 80));
    }

    /** {@return the route to an address outside the mesh} */
    @Benchmark
    public OutboundRoute unknown() {
        return route(new Target.Address(address(172, 16, 0, turn(0) % 250), 80));
    }
}
