package io.inpod.examples.ztunnel.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Holdings;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose connections make room when too much of the kernel's memory for TCP is held. Unless a test says so, the app behind them never reads. */
@Timeout(60)
class KernelMemoryTest {
    private static final int UNREAD = 16 << 20;
    private static final int SMALL_TOTAL = 1 << 20;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final List<OfPod> pods = new ArrayList<>();
    private ServerSocket app;

    /** The connections of a pod. */
    private final class OfPod {
        final Holdings holdings = Holdings.of(1000, 1).part();
        final Clients clients = new Clients(holdings);
        final Connections connections = new Connections();
        final AtLimit limit = new AtLimit("pod", holdings, new NameLookups(Runnable::run, 1, NameLookups.Resolver.SYSTEM).pod(), connections,
                Duration.ZERO, Runnable::run);

        OfPod() {
            pods.add(this);
        }

        /** Opens connections and writes to them as much as the kernel takes. */
        List<Channel> unread(String client, int count) throws Exception {
            List<Channel> all = connected(client, count);
            for (Channel channel : all) {
                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[UNREAD]));
                loops.next().submit(() -> {}).sync();
            }
            return all;
        }

        List<Channel> connected(String client, int count) throws Exception {
            List<Channel> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Admission admission = Objects.requireNonNull(clients.admit(InetAddress.getByName(client)));
                Channel channel = new Bootstrap().group(loops).channel(EpollSocketChannel.class).handler(new ChannelInboundHandlerAdapter())
                        .connect(app.getLocalSocketAddress()).sync().channel();
                admission.attachTo(channel);
                channel.closeFuture().addListener(closed -> admission.close());
                connections.add(channel);
                all.add(channel);
            }
            return all;
        }
    }

    private long held() {
        return pods.stream().flatMap(pod -> pod.connections.all().stream()).mapToLong(KernelMemoryTest::held).sum();
    }

    private static long held(Channel channel) {
        try {
            return LinuxSocketOptions.MEMORY.get(channel).held();
        } catch (IOException closed) {
            return 0;
        }
    }

    /** Begins to measure what the connections move. */
    private void look() {
        pods.forEach(pod -> pod.limit.memory());
    }

    /** Waits until the resets have been carried out, and counts. */
    private long closed(List<Channel> channels) throws Exception {
        return loops.next().submit(() -> channels.stream().filter(channel -> !channel.isOpen()).count()).get();
    }

    private void relieve(long total) throws Exception {
        new KernelMemory(total, this::held).relieve(pods.stream().map(pod -> pod.limit).toList());
    }

    /** Waits until something is reset: as long as the kernel still moves data, nothing is stuck. */
    private void relieveUntilClosed(List<Channel> some, int part) throws Exception {
        do {
            relieve(part * held());
        } while (closed(some) == 0);
    }

    @BeforeEach
    void listen() throws Exception {
        app = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void end() throws Exception {
        for (OfPod pod : pods) {
            pod.connections.end();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        app.close();
    }

    @Test
    void theLargestClientLosesSomeOfItsConnectionsAndNobodyElseDoes() throws Exception {
        OfPod pod = new OfPod();
        List<Channel> hoarder = pod.unread("10.0.0.1", 6);
        List<Channel> small = pod.unread("10.0.0.2", 1);
        List<Channel> other = new OfPod().unread("10.0.0.1", 2);

        relieveUntilClosed(hoarder, 2); // the hoarder's pod and the hoarder hold more than a third of what is free then

        assertThat(closed(hoarder)).isBetween(1L, 5L);
        assertThat(closed(small) + closed(other)).isZero();
    }

    @Test
    void clientsOfOnePrefixHaveOneShare() throws Exception {
        OfPod pod = new OfPod();
        List<Channel> hoarder = pod.unread("fd00::1", 3);
        hoarder.addAll(pod.unread("fd00::2", 3));
        List<Channel> small = pod.unread("10.0.0.2", 1);

        relieveUntilClosed(hoarder, 2);

        assertThat(closed(small)).isZero();
    }

    @Test
    void withinAPrefixTheLargestAddressMakesRoom() throws Exception {
        OfPod pod = new OfPod();
        List<Channel> small = pod.unread("fd00::1", 1);
        List<Channel> hoarder = pod.unread("fd00::2", 6);

        relieveUntilClosed(hoarder, 2);

        assertThat(closed(small)).isZero();
    }

    /** Each holds less than a client's part, and all together more than there is. */
    @Test
    void manyClientsOfOnePodMakeRoomToo() throws Exception {
        OfPod pod = new OfPod();
        List<Channel> all = new ArrayList<>();
        for (int i = 1; i <= 100; i++) {
            all.addAll(pod.unread("10.0.0." + i, 1));
        }

        relieveUntilClosed(all, 1);

        assertThat(closed(all)).isLessThan(100);
    }

    @Test
    void connectionsWhoseDataIsReadStayHoweverMuchTheyHold() throws Exception {
        OfPod pod = new OfPod();
        List<Channel> read = pod.unread("10.0.0.1", 2);
        List<Channel> unread = pod.unread("10.0.0.1", 4);
        List<Socket> readers = List.of(app.accept(), app.accept());
        do {
            look();
            for (int i = 0; i < 2; i++) {
                readers.get(i).getInputStream().skipNBytes(UNREAD);
                read.get(i).writeAndFlush(Unpooled.wrappedBuffer(new byte[UNREAD]));
            }
            loops.next().submit(() -> {}).sync();
            relieve(SMALL_TOTAL);
        } while (closed(unread) == 0);

        assertThat(closed(read)).isZero();
        readers.forEach(reader -> assertThatCode(reader::close).doesNotThrowAnyException());
    }

    @Test
    void nothingHappensWhileThereIsMemory() throws Exception {
        List<Channel> hoarder = new OfPod().unread("10.0.0.1", 2);

        look();
        relieve(4 * held());

        assertThat(closed(hoarder)).isZero();
    }

    /** For example by apps that the proxy doesn't serve. */
    @Test
    void whoHoldsLittleIsSparedEvenIfOthersHoldItAll() throws Exception {
        List<Channel> small = new OfPod().unread("10.0.0.1", 2);
        long total = 100 * held();

        look();
        new KernelMemory(total, () -> 2 * total).relieve(pods.stream().map(pod -> pod.limit).toList());

        assertThat(closed(small)).isZero();
    }
}
