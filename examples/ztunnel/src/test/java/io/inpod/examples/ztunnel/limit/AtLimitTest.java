package io.inpod.examples.ztunnel.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Holdings;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose connections make room where a client or its pod has its share. */
@Timeout(60)
class AtLimitTest {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final Holdings pod = Holdings.of(60, 1).part();
    private final Clients clients = new Clients(pod);
    private final Connections connections = new Connections();
    private final NameLookups names = new NameLookups(Runnable::run, 1, NameLookups.Resolver.SYSTEM);
    private final AtLimit limit = new AtLimit("pod", pod, names.pod(), connections, Duration.ZERO, Runnable::run);

    @AfterEach
    void end() throws InterruptedException {
        connections.end();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private static InetAddress address(String text) throws UnknownHostException {
        return InetAddress.getByName(text);
    }

    /** A socket that isn't connected yet counts, too: it has been made for a connection. */
    private Channel socket(String client) throws Exception {
        EpollSocketChannel channel = new EpollSocketChannel();
        Admission admission = Objects.requireNonNull(clients.admit(address(client)));
        admission.attachTo(channel);
        channel.closeFuture().addListener(closed -> admission.close());
        loops.register(channel).sync();
        connections.add(channel);
        return channel;
    }

    private List<Channel> connected(ServerSocket to, String client, int count) throws Exception {
        List<Channel> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Admission admission = Objects.requireNonNull(clients.admit(address(client)));
            Channel channel = new Bootstrap().group(loops).channel(EpollSocketChannel.class).handler(new ChannelInboundHandlerAdapter())
                    .connect(to.getLocalSocketAddress()).sync().channel();
            admission.attachTo(channel);
            channel.closeFuture().addListener(closed -> admission.close());
            connections.add(channel);
            all.add(channel);
        }
        return all;
    }

    private static long closed(List<Channel> channels) {
        return channels.stream().filter(channel -> !channel.isOpen()).count();
    }

    @Test
    void theRefusedClientsOwnIdleConnectionsGoNotThoseOfTheLargest() throws Exception {
        try (ServerSocket app = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            List<Channel> gateway = connected(app, "10.0.0.1", 12);
            List<Channel> refused = connected(app, "fd00::1", 2);
            refused.addAll(connected(app, "fd00::2", 2));
            assertThat(pod.sockets().room()).isPositive();

            limit.socketsExhausted(address("fd00::3")); // of the same prefix

            assertThat(loops.next().submit(() -> closed(refused)).get()).isEqualTo(1);
            assertThat(closed(gateway)).isZero();
        }
    }

    @Test
    void wherePodHasNoRoomItsLargestClientMakesSome() throws Exception {
        try (ServerSocket app = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            List<Channel> largest = connected(app, "10.0.0.1", 18);
            List<Channel> small = connected(app, "10.0.0.2", 4);
            List<Channel> rest = new ArrayList<>();
            for (int i = 3; pod.sockets().room() > 0; i++) {
                rest.addAll(connected(app, "10.0.0." + i, 1));
            }

            limit.socketsExhausted(address("10.0.0.2"));

            assertThat(loops.next().submit(() -> closed(largest)).get()).isEqualTo(1);
            assertThat(closed(small) + closed(rest)).isZero();
        }
    }

    /** The kernel has never sent or received anything on a socket that is connecting, which looks like the longest idleness of all. */
    @Test
    void whatIsStillConnectingIsNotIdle() throws Exception {
        try (ServerSocket app = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            Channel connecting = socket("10.0.0.1");
            List<Channel> idle = connected(app, "10.0.0.1", 1);

            limit.socketsExhausted(address("10.0.0.1"));

            assertThat(loops.next().submit(() -> closed(idle)).get()).isEqualTo(1);
            assertThat(connecting.isOpen()).isTrue();
        }
    }
}
