package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.OriginalDestination;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures asking for the original destination of an accepted connection: one that NAT has redirected, and one that it hasn't, which is
 * also how the kernel sees TPROXY's. Run it with {@code -prof gc} too: only the result is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class OriginalDestinationBenchmark {
    private static final int PROXY = InPodConstants.INBOUND_PLAINTEXT_PORT;
    private static final int APP = 8080;

    /** How the client connects. */
    @Param({"127.0.0.1", "::1"})
    private String address = "";

    /** Whether the client is redirected to the listener, or connects to it directly. */
    @Param({"true", "false"})
    private boolean redirected;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private @Nullable NetworkNamespace namespace;
    private @Nullable SocketChannel client;
    private @Nullable EpollSocketChannel accepted;

    /** Creates a namespace with a redirecting rule, a listener and a connection. */
    @Setup
    public void connect() throws Exception {
        namespace = NetworkNamespace.create();
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            network.links().up("lo");
        }
        redirect("iptables");
        redirect("ip6tables");
        CompletableFuture<EpollSocketChannel> first = new CompletableFuture<>();
        new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(namespace, SocketOptions.NONE))
                .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                    @Override
                    protected void initChannel(EpollSocketChannel channel) {
                        first.complete(channel);
                    }
                }).bind(new InetSocketAddress("::", PROXY)).sync();
        client = namespace.call(() -> SocketChannel.open());
        client.connect(new InetSocketAddress(address, redirected ? APP : PROXY));
        accepted = first.get(10, TimeUnit.SECONDS);
        OriginalDestination.Found found = OriginalDestination.of(accepted).found();
        if ((found == OriginalDestination.Found.REDIRECT) != redirected) {
            throw new IllegalStateException("the connection was found by " + found);
        }
    }

    private void redirect(String tool) throws IOException, InterruptedException {
        int fd = requireNonNull(namespace).fd().acquire();
        String net = "--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd;
        int code = new ProcessBuilder("nsenter", net, tool, "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", String.valueOf(APP),
                "-j", "REDIRECT", "--to-ports", String.valueOf(PROXY)).inheritIO().start().waitFor();
        requireNonNull(namespace).fd().release();
        if (code != 0) {
            throw new IOException(tool + " ended with " + code);
        }
    }

    /** Closes everything. */
    @TearDown
    public void close() throws IOException {
        requireNonNull(client).close();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        requireNonNull(namespace).close();
    }

    /** Asks once. */
    @Benchmark
    public OriginalDestination ask() throws IOException {
        return OriginalDestination.of(requireNonNull(accepted));
    }
}
