package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
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

/** Measures opening a JDK listener in another namespace: setns, socket, setsockopt twice, bind, listen, getsockname, setns; close. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ListenInNamespaceBenchmark {
    private static final int BACKLOG = 128;

    private final InetSocketAddress any = new InetSocketAddress(0);
    private @Nullable NetworkNamespace namespace;

    /** Creates the namespace, which needs CAP_SYS_ADMIN. */
    @Setup
    public void create() throws IOException {
        namespace = NetworkNamespace.create();
    }

    /** Closes the namespace. */
    @TearDown
    public void close() {
        requireNonNull(namespace).close();
    }

    /** Opens a listener, binds it to any port, and closes it. */
    @Benchmark
    public void listen() throws IOException {
        requireNonNull(namespace).call(() -> ServerSocketChannel.open().bind(any, BACKLOG)).close();
    }
}
