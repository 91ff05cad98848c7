package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.udp.TransparentDatagram;
import io.inpod.tproxy.udp.TransparentDatagramChannel;
import io.inpod.tproxy.udp.TransparentUdpSocket;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * UDP diverted by TPROXY: clients in pod 0, the proxy in pod 1. The clients are connected JDK sockets, which accept answers only from their
 * original destination.
 */
@Timeout(120)
class TransparentUdpTest {
    private static final SocketOptions MARKED = SocketOptions.NONE.with(MARK, 0x539);
    private static final int PORT = 15053;
    private static final int MANY = 400;
    private static final int BURST = 20;

    private static void divert(PodNetwork network) throws IOException {
        DualStack.prepare(network);
        NetworkNamespace pod = network.pod(1).namespace();
        DualStack.ROUTING.install(pod);
        DualStack.restore(pod, "*mangle", "-A PREROUTING -p udp --dport 53 -j TPROXY --on-port " + PORT + " --tproxy-mark 0x111/0xfff", "COMMIT");
    }

    private interface Proxy {
        void end() throws Exception;
    }

    /** Answers with the data that it received and its original destination. */
    private static Proxy blocking(PodNetwork network) throws Exception {
        TransparentUdpSocket socket = TransparentUdpSocket.bind(network.pod(1).namespace(), MARKED, new InetSocketAddress("::", PORT));
        List<Throwable> failures = new ArrayList<>();
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    TransparentDatagram request = socket.receive(Duration.ZERO);
                    ByteBuffer answer = ByteBuffer.allocate(1500).put(request.data().duplicate())
                            .put((" for " + text(request.destination().address()) + " from " + text(request.client().address())).getBytes(StandardCharsets.UTF_8));
                    socket.reply(request, answer.flip());
                }
            } catch (ClosedChannelException end) {
                // the test is over
            } catch (IOException e) {
                failures.add(e);
            }
        });
        thread.start();
        return () -> {
            socket.close();
            thread.join(TimeUnit.SECONDS.toMillis(20));
            assertThat(thread.isAlive()).isFalse();
            assertThat(failures).isEmpty();
        };
    }

    private static Proxy onEventLoop(PodNetwork network) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        List<Throwable> failures = new ArrayList<>();
        Channel channel = new Bootstrap().group(loops)
                .channelFactory(TransparentDatagramChannel.in(network.pod(1).namespace(), MARKED))
                .handler(new SimpleChannelInboundHandler<DatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DatagramPacket request) {
                        String more = " for " + text(request.recipient()) + " from " + text(request.sender());
                        context.writeAndFlush(TransparentDatagramChannel.reply(request, context.alloc().buffer()
                                .writeBytes(request.content()).writeBytes(more.getBytes(StandardCharsets.UTF_8))))
                                .addListener(sent -> {
                                    if (!sent.isSuccess()) {
                                        failures.add(sent.cause());
                                    }
                                });
                    }

                    @Override
                    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                        failures.add(cause);
                    }
                }).bind(new InetSocketAddress("::", PORT)).sync().channel();
        return () -> {
            channel.close().sync();
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
            assertThat(failures).isEmpty();
        };
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + "|" + address.getPort();
    }

    private static DatagramChannel client(PodNetwork network, InetAddress to) throws IOException {
        DatagramChannel client = network.pod(0).namespace().call(() -> DatagramChannel.open());
        client.connect(new InetSocketAddress(to, 53));
        client.socket().setSoTimeout(20_000);
        return client;
    }

    private static void send(DatagramChannel client, String text) throws IOException {
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String receive(DatagramChannel client) throws IOException {
        java.net.DatagramPacket answer = new java.net.DatagramPacket(new byte[2000], 2000);
        client.socket().receive(answer); // the blocking socket, because only that has a limit
        return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
    }

    private static void answersFromTheDestination(PodNetwork network) throws Exception {
        for (IpFamily family : IpFamily.values()) {
            for (InetAddress to : List.of(DualStack.address(network, 1, family), DualStack.elsewhere(family))) {
                try (DatagramChannel client = client(network, to)) {
                    send(client, "hello");
                    InetSocketAddress own = (InetSocketAddress) client.getLocalAddress();
                    assertThat(receive(client)).isEqualTo("hello for " + text(new InetSocketAddress(to, 53)) + " from " + text(own));
                }
            }
        }
    }

    /** While an answer is being sent, the same client's next datagram arrives at the socket that sends the answer. */
    private static void losesNone(PodNetwork network) throws Exception {
        try (DatagramChannel one = client(network, network.pod(1).address()); DatagramChannel other = client(network, network.pod(1).address())) {
            Set<String> answers = new HashSet<>();
            for (int i = 0; i < MANY; i += BURST) {
                for (int j = 0; j < BURST; j++) {
                    send(one, "a" + (i + j));
                    send(other, "b" + (i + j));
                }
                for (int j = 0; j < BURST; j++) {
                    answers.add(receive(one).split(" ", 2)[0]);
                    answers.add(receive(other).split(" ", 2)[0]);
                }
            }
            assertThat(answers).hasSize(2 * MANY);
        }
        // No socket is left that could receive later datagrams.
        String left;
        do {
            left = Tool.run(network.pod(1).namespace(), "ss", "-Hanu", "sport", "=", "53");
        } while (!left.isBlank()); // the test's time limit would end it
    }

    @Test
    @Pods(2)
    void blockingSocketAnswersFromTheDestination(PodNetwork network) throws Exception {
        divert(network);
        Proxy proxy = blocking(network);
        try {
            answersFromTheDestination(network);
            losesNone(network);
        } finally {
            proxy.end();
        }
    }

    @Test
    @Pods(2)
    void channelAnswersFromTheDestination(PodNetwork network) throws Exception {
        divert(network);
        Proxy proxy = onEventLoop(network);
        try {
            answersFromTheDestination(network);
            losesNone(network);
        } finally {
            proxy.end();
        }
    }

    @Test
    @Pods(2)
    void receivesInTimeOrNot(PodNetwork network) throws Exception {
        divert(network);
        NetworkNamespace pod = network.pod(1).namespace();
        try (TransparentUdpSocket socket = TransparentUdpSocket.bind(pod, MARKED, new InetSocketAddress("0.0.0.0", PORT));
                DatagramChannel client = client(network, network.pod(1).address())) {
            assertThatThrownBy(() -> socket.receive(Duration.ofMillis(120))).isInstanceOf(SocketTimeoutException.class);
            // Empty datagrams are received too; the JDK can't send them.
            Tool.run(network.pod(0).namespace(), "python3", "-c", "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'', ('"
                    + network.pod(1).address().getHostAddress() + "', 53))");
            TransparentDatagram empty = socket.receive(Duration.ofSeconds(20));
            assertThat(empty.data().remaining()).isZero();
            assertThat(empty.client().ip()).isEqualTo(network.pod(0).address());
            client.write(ByteBuffer.allocate(60_000)); // in fragments
            assertThat(socket.receive(Duration.ofSeconds(20)).data().remaining()).isEqualTo(60_000);
            assertThatThrownBy(() -> TransparentUdpSocket.bind(pod, MARKED, new InetSocketAddress("0.0.0.0", PORT)))
                    .isInstanceOf(java.net.BindException.class).hasMessageContaining("EADDRINUSE");
            TransparentDatagram mixed = new TransparentDatagram(empty.client(), new DestinationAddress(new InetSocketAddress("::1", 53)), empty.data());
            assertThatThrownBy(() -> socket.reply(mixed, ByteBuffer.allocate(1))).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
