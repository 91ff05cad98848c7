package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.IoEvent;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
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

/** The connections of two pods on one event loop. */
@Timeout(60)
@Pods(2)
class NamespaceTurnsTest {
    private static final int MANY = 40;
    private static final long LONGER_THAN_A_SHARE_NANOS = 2_000_000;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final BlockingQueue<String> served = new LinkedBlockingQueue<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    /** All are ready before the loop looks; the kernel reports them in the order in which they became ready. */
    @Test
    void aPodWithManyBusyConnectionsDelaysAnotherByOneShare(PodNetwork network) throws Exception {
        List<SocketChannel> peers = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            peers.add(connection(network, 0, "busy"));
        }
        peers.add(connection(network, 1, "other"));
        CountDownLatch allReady = new CountDownLatch(1);
        loops.execute(() -> await(allReady));
        for (SocketChannel peer : peers) {
            peer.write(ByteBuffer.allocate(1));
        }
        allReady.countDown();
        List<String> order = new ArrayList<>();
        for (int i = 0; i <= MANY; i++) {
            order.add(served.poll(30, TimeUnit.SECONDS));
        }
        assertThat(order.indexOf("other")).isBetween(0, 1);
    }

    /** Otherwise a pod with thousands of ready connections would have the loop ask about them most of the time. */
    @Test
    void theLoopServesForAsLongAsItAsked() {
        NamespaceTurns turns = new NamespaceTurns();
        for (int i = 0; i < MANY; i++) {
            RelayIoHandle channel = new RelayIoHandle(new SlowHandle(), turns, 1);
            channel.reads(true);
            channel.handle(new ValidRegistration(), new Readable());
        }
        turns.serve(0);
        assertThat(turns.isEmpty()).isFalse();
        turns.serve(TimeUnit.HOURS.toNanos(1));
        assertThat(turns.isEmpty()).isTrue();
    }

    private record Readable() implements EpollIoEvent {
        @Override
        public EpollIoOps ops() {
            return EpollIoOps.EPOLLIN;
        }
    }

    private static final class SlowHandle implements EpollIoHandle {
        @Override
        public FileDescriptor fd() {
            throw new AssertionError("isn't asked for");
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            spin();
        }

        @Override
        public void close() {}
    }

    private static final class ValidRegistration implements IoRegistration {
        @Override
        public <T> T attachment() {
            throw new AssertionError("isn't asked for");
        }

        @Override
        public long submit(IoOps ops) {
            return 0;
        }

        @Override
        public boolean isValid() {
            return true;
        }

        @Override
        public boolean cancel() {
            return false;
        }
    }

    private static void spin() {
        long end = System.nanoTime() + LONGER_THAN_A_SHARE_NANOS;
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Connects a channel of the loop, in a pod, to a server in the same pod; returns the server's end. */
    private SocketChannel connection(PodNetwork network, int pod, String name) throws Exception {
        NetworkNamespace namespace = network.pod(pod).namespace();
        try (ServerSocketChannel server = namespace.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress(network.pod(pod).address(), 0));
            EpollSocketChannel channel = NettyChannels.client(namespace, SocketOptions.NONE).newChannel();
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    ReferenceCountUtil.release(message);
                    served.add(name);
                    spin();
                }
            });
            loops.register(channel).sync();
            open.add(() -> channel.close().sync());
            channel.connect(server.getLocalAddress()).sync();
            SocketChannel peer = server.accept();
            open.add(peer);
            return peer;
        }
    }
}
