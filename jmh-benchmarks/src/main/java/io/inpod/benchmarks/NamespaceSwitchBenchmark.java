package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.netty.channel.ChannelFactory;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
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
 * Measures the cost of running code in another network namespace with {@link NetworkNamespace#call}. The thread's own namespace is opened
 * once per thread, so each bracket consists of two system calls:
 *
 * <pre>
 *   setns(namespace, CLONE_NEWNET)
 *   ... body ...
 *   setns(own, CLONE_NEWNET)
 * </pre>
 *
 * <p>Each setns allocates a struct nsproxy, copies the pointers to the other namespaces and drops the old struct. Freeing a namespace isn't
 * included: this one stays open all the time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class NamespaceSwitchBenchmark {
    private @Nullable NetworkNamespace namespace;
    private @Nullable ChannelFactory<EpollSocketChannel> sockets;

    /** Creates the namespace, which needs CAP_SYS_ADMIN: root, or the sandbox that the tests run in. */
    @Setup
    public void create() throws IOException {
        namespace = NetworkNamespace.create();
        sockets = NettyChannels.client(namespace);
    }

    /** Closes the namespace. */
    @TearDown
    public void close() {
        requireNonNull(namespace).close();
    }

    /** Enters the namespace and returns: two setns(2). */
    @Benchmark
    public Object enterAndLeave() throws IOException {
        return requireNonNull(namespace).call(() -> Boolean.TRUE);
    }

    /** Opens a socket in the namespace, as a proxy does for each connection to a pod: setns(2), socket(2), setns(2); then close(2). */
    @Benchmark
    public void socketInNamespace() {
        requireNonNull(sockets).newChannel().unsafe().closeForcibly();
    }

    /** Opens the same socket without a bracket, socket(2) and close(2): the difference is the cost of the namespace. */
    @Benchmark
    public void socketHere() {
        new EpollSocketChannel().unsafe().closeForcibly();
    }
}
