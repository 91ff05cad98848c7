package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Holdings;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The accept loop, in a pod that redirects port 8080 to it. */
@Timeout(120)
class AcceptLoopTest {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
    private final EventLoop accepting = loops.next();
    private final EventLoop serving = loops.next();

    @AfterEach
    void stopLoops() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private AcceptLoop listen(NetworkNamespace namespace, Recorder recorder) throws IOException {
        return AcceptLoop.listen(namespace, new InetSocketAddress("0.0.0.0", TestProxy.PROXY_PORT), SocketOptions.NONE, accepting, recorder.rules(), recorder);
    }

    private static SocketChannel connect(NetworkNamespace from, InetSocketAddress to) throws IOException {
        SocketChannel client = from.call(() -> SocketChannel.open());
        client.socket().setSoTimeout(30_000);
        client.socket().connect(to, 30_000);
        return client;
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T first = queue.poll(30, TimeUnit.SECONDS);
        assertThat(first).isNotNull();
        return first;
    }

    @Test
    @Pods(2)
    void knowsTheDestinationBeforeTheLoopIsPicked(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        TestProxy.redirect(pod);
        Recorder recorder = new Recorder(loops) {
            @Override
            public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
                super.pick(client, destination);
                return accepting.inEventLoop() ? serving : accepting;
            }

            @Override
            public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
                assertThat(serving.inEventLoop()).isTrue();
                assertThat(connection.isActive()).isTrue();
                assertThat(client.getAddress()).isEqualTo(network.pod(1).address());
                super.accepted(connection, client, destination);
            }
        };
        InetSocketAddress wanted = new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT);
        try (AcceptLoop loop = listen(pod, recorder); SocketChannel client = connect(network.pod(1).namespace(), wanted)) {
            assertThat(loop.localAddress().getPort()).isEqualTo(TestProxy.PROXY_PORT);
            assertThat(next(recorder.picked)).isEqualTo(new OriginalDestination(new DestinationAddress(wanted), OriginalDestination.Found.REDIRECT));
            io.netty.channel.socket.SocketChannel connection = next(recorder.connections);
            assertThat(connection.eventLoop()).isSameAs(serving);
            serving.submit(() -> {}).sync(); // waits until it is registered
            assertThat(connection.pipeline().names()).hasSize(1); // only the tail: none of our handlers is left
            assertThat(client.isConnected()).isTrue();
            connection.close().sync();
        }
        assertThat(recorder.failures).isEmpty();
    }

    /** In the tasks of a busy loop they would delay the connections of other pods. */
    @Test
    @Pods(2)
    void mostOfAFloodWaitsInTheKernel(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        TestProxy.redirect(pod);
        Recorder recorder = new Recorder(loops) {
            @Override
            public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
                super.pick(client, destination);
                return serving;
            }
        };
        int flood = 40;
        CountDownLatch enough = new CountDownLatch(1);
        List<SocketChannel> clients = new ArrayList<>();
        try (AcceptLoop loop = listen(pod, recorder)) {
            serving.execute(() -> awaitUninterruptibly(enough));
            for (int i = 0; i < flood; i++) {
                clients.add(connect(network.pod(1).namespace(), new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT)));
            }
            next(recorder.picked);
            accepting.submit(() -> {}).sync();
            accepting.submit(() -> {}).sync();
            assertThat(recorder.picked).hasSizeLessThan(flood / 2);
            enough.countDown();
            for (int i = 0; i < flood; i++) {
                next(recorder.connections).close().sync();
            }
            assertThat(loop.channel().config().isAutoRead()).isTrue();
        } finally {
            enough.countDown();
            for (SocketChannel client : clients) {
                client.close();
            }
        }
        assertThat(recorder.failures).isEmpty();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Each connection is tracked before its client learns that it is established, however fast the listener is. */
    @Test
    @Pods(2)
    void mayPickTheLoopOfTheOtherEnd(PodNetwork network) throws Exception {
        OwnConnections ofBothPods = new OwnConnections();
        BlockingQueue<Boolean> same = new LinkedBlockingQueue<>();
        BlockingQueue<Channel> clients = new LinkedBlockingQueue<>();
        Recorder recorder = new Recorder(loops) {
            @Override
            public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
                EventLoop other = ofBothPods.eventLoop(client, destination.address());
                return other == null ? super.pick(client, destination) : other;
            }

            @Override
            public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
                super.accepted(connection, client, destination);
                same.add(next(clients).eventLoop() == connection.eventLoop());
            }
        };
        InetSocketAddress proxy = new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT);
        TestProxy.redirect(network.pod(0).namespace());
        try (AcceptLoop loop = listen(network.pod(0).namespace(), recorder)) {
            for (int i = 0; i < 100; i++) {
                EventLoop serves = i % 2 == 0 ? serving : accepting;
                ChannelFuture connecting = new Bootstrap().group(serves).channelFactory(() -> {
                    io.netty.channel.socket.SocketChannel channel = NettyChannels.client(network.pod(1).namespace(), SocketOptions.NONE).newChannel();
                    ofBothPods.track(channel);
                    clients.add(channel);
                    return channel;
                }).handler(new ChannelInboundHandlerAdapter()).connect(proxy);
                assertThat(next(same)).isTrue();
                connecting.sync().channel().close().sync();
                next(recorder.connections).close().sync();
            }
            assertThat(loop.channel().isActive()).isTrue();
        }
        assertThat(recorder.picked).isEmpty();
        assertThat(ofBothPods.eventLoop(proxy, proxy)).isNull();
    }

    @Test
    @Pods(2)
    void refusesWhatWantsToGoToItsOwnPort(PodNetwork network) throws Exception {
        Recorder recorder = new Recorder(loops);
        InetSocketAddress itself = new InetSocketAddress(network.pod(0).address(), TestProxy.PROXY_PORT);
        try (AcceptLoop loop = listen(network.pod(0).namespace(), recorder)) {
            assertReset(network.pod(1).namespace(), itself);
            assertThat(next(recorder.refusals)).contains("15006 is the proxy itself");
            assertThat(loop.channel().isActive()).isTrue();
        }
        assertThat(recorder.picked).isEmpty();
    }

    private static void assertReset(NetworkNamespace from, InetSocketAddress to) {
        assertThatThrownBy(() -> {
            try (SocketChannel client = connect(from, to)) {
                client.socket().getInputStream().read(); // unless the reset has already arrived
            }
        }).isInstanceOf(SocketException.class).hasMessageContaining("reset");
    }

    @Test
    @Pods(3)
    void resetsWhatExceedsAClientsShareAndServesTheOthers(PodNetwork network) throws Exception {
        Clients clients = new Clients(Holdings.of(8, 1));
        BlockingQueue<InetSocketAddress> overLimit = new LinkedBlockingQueue<>();
        Recorder recorder = new Recorder(loops) {
            @Override
            AcceptRules rules() {
                return super.rules().withClients(clients);
            }

            @Override
            public void overLimit(InetSocketAddress client) {
                overLimit.add(client);
            }
        };
        TestProxy.redirect(network.pod(0).namespace());
        NetworkNamespace greedy = network.pod(1).namespace();
        InetSocketAddress wanted = new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT);
        List<SocketChannel> held = new ArrayList<>();
        try (AcceptLoop loop = listen(network.pod(0).namespace(), recorder)) {
            io.netty.channel.socket.SocketChannel last = null;
            for (int i = 0; i < 4; i++) { // half of 8, since there is no pod between the whole and its clients
                held.add(connect(greedy, wanted));
                last = next(recorder.connections);
                assertThat(Admission.of(last).client()).isEqualTo(network.pod(1).address());
            }
            for (int i = 0; i < 3; i++) {
                assertReset(greedy, wanted);
                assertThat(next(overLimit).getAddress()).isEqualTo(network.pod(1).address());
            }
            held.add(connect(network.pod(2).namespace(), wanted));
            next(recorder.connections);
            assertThat(clients.whole().sockets().held()).isEqualTo(5);
            assertThat(loop.channel().isActive()).isTrue();

            last.close().sync(); // so there may be another
            held.add(connect(greedy, wanted));
            next(recorder.connections).close().sync();
        } finally {
            for (SocketChannel client : held) {
                client.close();
            }
        }
        assertThat(recorder.failures).isEmpty();
        assertThat(recorder.picked).hasSize(6);
    }

    /** A connection that is refused for another reason, or whose handler fails, gives its socket back. */
    @Test
    @Pods(2)
    void whatIsNotServedGivesItsSocketBack(PodNetwork network) throws Exception {
        Clients clients = new Clients(Holdings.of(9, 1));
        Recorder recorder = new Recorder(loops) {
            @Override
            AcceptRules rules() {
                return super.rules().withClients(clients);
            }

            @Override
            public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
                throw new IllegalStateException("no loop");
            }
        };
        try (AcceptLoop loop = listen(network.pod(0).namespace(), recorder)) {
            assertReset(network.pod(1).namespace(), new InetSocketAddress(network.pod(0).address(), TestProxy.PROXY_PORT));
            assertThat(next(recorder.refusals)).contains("the proxy itself");
            TestProxy.redirect(network.pod(0).namespace());
            assertReset(network.pod(1).namespace(), new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT));
            assertThat(next(recorder.failures)).hasMessage("no loop");
            accepting.submit(() -> {}).sync();
            assertThat(loop.channel().isActive()).isTrue();
        }
        assertThat(clients.whole().sockets().held()).isZero();
        assertThat(clients.size()).isZero();
    }

    /** The connection has an event loop by then, and its handler may already have added it to what its close future removes it from. */
    @Test
    @Pods(2)
    void whatItsHandlerFailsToServeGivesItsSocketBack(PodNetwork network) throws Exception {
        Clients clients = new Clients(Holdings.of(9, 1));
        TestProxy.redirect(network.pod(0).namespace());
        for (Throwable failure : List.of(new IOException("can't"), new IllegalStateException("mustn't"), new StackOverflowError("deep"))) {
            Recorder recorder = new Recorder(loops) {
                @Override
                AcceptRules rules() {
                    return super.rules().withClients(clients);
                }

                @Override
                public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
                    super.accepted(connection, client, destination);
                    if (failure instanceof Error error) {
                        throw error;
                    }
                    throw (Exception) failure;
                }
            };
            try (AcceptLoop loop = listen(network.pod(0).namespace(), recorder)) {
                assertReset(network.pod(1).namespace(), new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT));
                assertThat(next(recorder.failures)).isSameAs(failure);
                io.netty.channel.socket.SocketChannel connection = next(recorder.connections);
                assertThat(connection.closeFuture().await(30, TimeUnit.SECONDS)).isTrue();
                connection.eventLoop().submit(() -> {}).sync();
                assertThat(loop.channel().isActive()).isTrue();
            }
            assertThat(clients.whole().sockets().held()).isZero();
            assertThat(clients.size()).isZero();
        }
    }

    @Test
    @Pods(2)
    void refusesItsOwnConnectionsAlsoWithoutTheirMark(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        // All traffic that leaves the pod reaches the proxy, whichever process sends it, because no rule exempts the proxy's mark.
        TestProxy.restore(pod, "*nat", "-A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15006", "COMMIT");
        InetSocketAddress wanted = new InetSocketAddress(network.pod(1).address(), TestProxy.APP_PORT);
        Recorder recorder = new Recorder(loops) {
            @Override
            public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
                super.accepted(connection, client, destination);
                new Bootstrap().group(serving).channelFactory(() -> {
                    io.netty.channel.socket.SocketChannel upstream = NettyChannels.client(pod, SocketOptions.NONE).newChannel();
                    own.track(upstream);
                    return upstream;
                }).handler(new ChannelInboundHandlerAdapter()).connect(destination.address());
            }
        };
        try (AcceptLoop loop = listen(pod, recorder)) {
            for (int i = 0; i < 50; i++) {
                try (SocketChannel client = connect(pod, wanted)) {
                    assertThat(next(recorder.refusals)).contains("the proxy's own");
                    next(recorder.connections).close().sync();
                    assertThat(client.socket().getInputStream().read()).isEqualTo(-1);
                }
            }
            assertThat(loop.channel().isActive()).isTrue();
        }
        assertThat(recorder.picked).hasSize(50);
    }

    @Test
    @Pods
    void resetsWhatItsHandlerCantServe(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        TestProxy.restore(pod, "*nat", "-A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15006", "COMMIT");
        for (boolean early : new boolean[] {true, false}) {
            Recorder recorder = new Recorder(loops) {
                @Override
                public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
                    if (early) {
                        throw new IllegalStateException("pick");
                    }
                    return serving;
                }

                @Override
                public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
                    throw new IOException("accepted");
                }
            };
            try (AcceptLoop loop = listen(pod, recorder)) {
                assertReset(pod, new InetSocketAddress("10.1.2.3", TestProxy.APP_PORT));
                assertThat(next(recorder.failures)).hasMessage(early ? "pick" : "accepted");
                assertThat(loop.channel().isActive()).isTrue();
            }
        }
    }

    @Test
    @Pods
    void pausesForWhatConcernsAllConnectionsOnly(PodNetwork network) throws Exception {
        Recorder recorder = new Recorder(loops);
        try (AcceptLoop loop = listen(network.pod(0).namespace(), recorder)) {
            for (int errno : new int[] {103, 71, 113}) { // ECONNABORTED, EPROTO, EHOSTUNREACH
                fail(loop, errno);
                assertThat(loop.channel().config().isAutoRead()).isTrue();
            }
            for (int errno : new int[] {23, 105, 12, 22}) { // ENFILE, ENOBUFS, ENOMEM, and one that would recur endlessly (EINVAL)
                fail(loop, errno);
                while (!loop.channel().config().isAutoRead()) {
                    accepting.submit(() -> {}).sync();
                }
            }
            assertThat(recorder.pauses).containsExactly("paused");
        }
    }

    /** Makes {@code accept} fail in the middle of an event loop's turn; by the next turn, accepting is paused. */
    private void fail(AcceptLoop loop, int errno) throws InterruptedException {
        accepting.submit(() -> {
            loop.channel().pipeline().fireExceptionCaught(new NativeIoException("accept", -errno, false));
            assertThat(loop.channel().config().isAutoRead()).isEqualTo(errno == 103 || errno == 71 || errno == 113);
        }).sync();
    }

    @Test
    @Pods
    void goesOnAfterTheProcessHasRunOutOfDescriptors(PodNetwork network) throws Exception {
        try (ChildJvm child = ChildJvm.start(List.of("prlimit", "--nofile=200:200"), AcceptExhaustion.class, Tool.pathOf(network.pod(0).namespace()).toString())) {
            assertThat(child.line()).isEqualTo("served 1, said []");
            for (int round = 0; round < 2; round++) {
                assertThat(child.line()).isEqualTo("exhausted: said [paused], attempts don't spin");
                assertThat(child.line()).isEqualTo("served 9, said [paused, resumed]");
            }
        }
    }

    @Test
    @Pods
    void saysWhyItCantListen(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (AcceptLoop loop = listen(pod, new Recorder(loops))) {
            assertThat(loop).hasToString("listener " + loop.localAddress() + " in " + pod);
            assertThatThrownBy(() -> listen(pod, new Recorder(loops))).isInstanceOf(IOException.class)
                    .hasMessageContaining("can't listen on").hasMessageContaining("15006").hasMessageContaining("Address already in use");
        }
    }
}
