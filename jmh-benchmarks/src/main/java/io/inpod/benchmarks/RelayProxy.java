package io.inpod.benchmarks;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.Charset;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A proxy that consists of the library's relay, for {@code compare-relay}, which compares it with others. Arguments: the port to listen on,
 * and the address and port to connect to; or only the port, for a transparent proxy that keeps the clients' addresses.
 */
public final class RelayProxy {
    private static final int LOOPS = 2;

    private RelayProxy() {}

    /**
     * Runs until its standard input ends. Answers each line of input with the memory in use, in bytes.
     *
     * @param arguments see above
     * @throws Exception if it can't listen
     */
    public static void main(String[] arguments) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(LOOPS, RelayIoHandler.newFactory());
        DestinationAddress upstream =
                arguments.length < 3 ? null : new DestinationAddress(new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2])));
        SocketOptions sockets = upstream == null ? SocketOptions.NONE.with(LinuxSocketOptions.TRANSPARENT, true) : SocketOptions.NONE;
        try (NetworkNamespace here = NetworkNamespace.current()) {
            Forwarding forwarding = new Forwarding(here, loops, upstream);
            try (AcceptLoop loop = AcceptLoop.listen(here, new InetSocketAddress("0.0.0.0", Integer.parseInt(arguments[0])),
                    sockets.withBacklog(4096), loops.next(), AcceptRules.ofPorts(Set.of(), new OwnConnections()), forwarding)) {
                System.out.println("listening on " + loop.localAddress());
                BufferedReader input = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
                while (input.readLine() != null) {
                    System.out.println(memory());
                }
            }
        } finally {
            loops.shutdownGracefully().sync();
        }
    }

    /** Returns the memory in use after a collection, on the heap and in Netty's direct buffers. */
    private static long memory() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
                + ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
    }

    private static final class Forwarding implements AcceptHandler {
        private final MultiThreadIoEventLoopGroup loops;
        private final @Nullable DestinationAddress fixed;
        private final UpstreamConnector connector;

        Forwarding(NetworkNamespace here, MultiThreadIoEventLoopGroup loops, @Nullable DestinationAddress fixed) throws IOException {
            this.loops = loops;
            this.fixed = fixed;
            this.connector = new UpstreamConnector(here, UpstreamOptions.DEFAULT.withSockets(SocketOptions.NONE)
                    .withPolicy(fixed == null ? SpoofPolicy.REQUIRE : SpoofPolicy.NEVER));
        }

        @Override
        public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
            return loops.next();
        }

        @Override
        public void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
            RelayOptions.DEFAULT.prepare(connection);
            DestinationAddress to = fixed == null ? destination.destination() : fixed;
            connector.connect(connection.eventLoop(), new ClientAddress(client.getAddress()), to, RelayOptions.DEFAULT.preparation())
                    .addListener((Future<UpstreamConnection> connected) -> {
                        if (connected.isSuccess()) {
                            Relay.start(connection, connected.getNow().channel(), ended -> {});
                        } else {
                            System.err.println(connected.cause());
                            Resets.reset(connection);
                        }
                    });
        }
    }
}
