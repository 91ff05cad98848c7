package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures adding 1,000 routes through a namespace's loopback interface in one batch and deleting them in another; {@code compare-c} does
 * the same with ip(8).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RouteBatchBenchmark {
    private static final int ROUTES = 1000;
    private static final int TABLE = 100;

    private final List<Route> routes = new ArrayList<>();
    private @Nullable NetworkNamespace namespace;
    private @Nullable Rtnetlink network;

    /** Creates the namespace, which needs CAP_SYS_ADMIN. */
    @Setup
    public void create() throws IOException {
        namespace = NetworkNamespace.create();
        network = Rtnetlink.open(namespace);
        network.links().up("lo");
        for (int i = 0; i < ROUTES; i++) {
            InetAddress destination = InetAddress.getByAddress(new byte[] {10, (byte) (i / 250), (byte) (i % 250), 0});
            routes.add(new Route(IpFamily.V4, Route.Type.UNICAST, destination, 24, null, "lo", TABLE));
        }
    }

    /** Closes the namespace. */
    @TearDown
    public void close() {
        requireNonNull(network).close();
        requireNonNull(namespace).close();
    }

    /** Adds all routes in one batch, and deletes them in another. */
    @Benchmark
    public void addAndDelete() throws IOException {
        requireNonNull(network).routes().addAll(routes);
        requireNonNull(network).routes().deleteAll(routes);
    }

    /** Does the same one route at a time, to show what the batch saves. */
    @Benchmark
    public void addAndDeleteOneByOne() throws IOException {
        for (Route route : routes) {
            requireNonNull(network).routes().add(route);
        }
        for (Route route : routes) {
            requireNonNull(network).routes().delete(route);
        }
    }
}
