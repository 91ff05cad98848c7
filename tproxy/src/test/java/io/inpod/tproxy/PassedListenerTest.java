package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A listener whose descriptor is passed on is served by both ends, and survives either; nobody else can join it. */
@Timeout(120)
@Pods(2)
class PassedListenerTest {
    private static final InetSocketAddress ANY = new InetSocketAddress("0.0.0.0", 15001);

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
    private final EventLoop first = loops.next();
    private final EventLoop second = loops.next();

    @AfterEach
    void stopLoops() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    /** Greets each client with the name of the end that has accepted it. */
    private Recorder end(BlockingQueue<String> accepted, String name) {
        return new Recorder(loops) {
            @Override
            public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
                accepted.add(name);
                connection.close();
            }
        };
    }

    private static void connect(PodNetwork network) throws IOException {
        try (SocketChannel client = network.pod(1).namespace().<SocketChannel, IOException>call(SocketChannel::open)) {
            client.socket().connect(new InetSocketAddress(network.pod(0).address(), 15001), 30_000);
        }
    }

    @Test
    void bothEndsAcceptUntilOneIsClosed(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        BlockingQueue<String> accepted = new LinkedBlockingQueue<>();
        Recorder olderEnd = end(accepted, "older");
        Recorder newerEnd = end(accepted, "newer");
        AcceptLoop older = AcceptLoop.listen(pod, ANY, SocketOptions.NONE, first, olderEnd.rules(), olderEnd);
        AcceptLoop newer;
        try (OwnedFd passed = older.duplicate()) {
            newer = AcceptLoop.adopt(passed, pod, ANY, SocketOptions.NONE, second, newerEnd.rules(), newerEnd);
        }
        assertThat(newer.inode()).isEqualTo(older.inode()).isPositive();
        connect(network);
        assertThat(accepted.poll(30, TimeUnit.SECONDS)).isIn("older", "newer");

        older.close();
        for (int i = 0; i < 20; i++) {
            connect(network);
            assertThat(accepted.poll(30, TimeUnit.SECONDS)).isEqualTo("newer");
        }
        newer.close();
        assertThatThrownBy(() -> connect(network)).hasMessageContaining("refused");
    }

    /** The test has the same user, and every capability. */
    @Test
    void noOtherSocketCanJoin(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Recorder end = end(new LinkedBlockingQueue<>(), "ours");
        AcceptLoop older = AcceptLoop.listen(pod, ANY, SocketOptions.NONE, first, end.rules(), end);
        assertRefused(pod);
        try (OwnedFd passed = older.duplicate()) {
            AcceptLoop newer = AcceptLoop.adopt(passed, pod, ANY, SocketOptions.NONE, second, end.rules(), end);
            assertRefused(pod);
            older.close();
            assertRefused(pod);
            newer.close();
        }
    }

    private static void assertRefused(NetworkNamespace pod) throws IOException {
        for (String address : new String[] {"0.0.0.0", "127.0.0.1", "::"}) {
            try (ServerSocketChannel foreign = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
                foreign.setOption(StandardSocketOptions.SO_REUSEPORT, true).setOption(StandardSocketOptions.SO_REUSEADDR, true);
                assertThatThrownBy(() -> foreign.bind(new InetSocketAddress(address, 15001))).as(address).isInstanceOf(BindException.class);
            }
        }
    }

    @Test
    void anythingElseIsRefused(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Recorder end = end(new LinkedBlockingQueue<>(), "never");
        AcceptLoop listener = AcceptLoop.listen(pod, ANY, SocketOptions.NONE, first, end.rules(), end);
        try (OwnedFd passed = listener.duplicate()) {
            assertThatThrownBy(() -> AcceptLoop.adopt(passed, network.pod(1).namespace(), ANY, SocketOptions.NONE, second, end.rules(), end))
                    .hasMessageContaining("is not a socket of");
            assertThatThrownBy(() -> AcceptLoop.adopt(passed, pod, new InetSocketAddress("0.0.0.0", 15006), SocketOptions.NONE, second,
                    end.rules(), end)).hasMessageContaining("listens on").hasMessageContaining("15001");
            assertThatThrownBy(() -> AcceptLoop.adopt(pod.fd(), pod, ANY, SocketOptions.NONE, second, end.rules(), end))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> AcceptLoop.adopt(passed, pod, ANY,
                    SocketOptions.NONE.with(LinuxSocketOptions.TRANSPARENT, true).withFamily(java.net.StandardProtocolFamily.INET6), second,
                    end.rules(), end)).isInstanceOf(IOException.class);
        }
        listener.close();
        assertThatThrownBy(listener::duplicate).isInstanceOf(IOException.class);
    }
}
