package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A process with a low descriptor limit that accepts connections while it has no descriptors left. Argument: the namespace's path. */
final class AcceptExhaustion {
    private static final int CLIENTS = 9;
    private static final InetSocketAddress ADDRESS = new InetSocketAddress("127.0.0.1", 15001);

    private AcceptExhaustion() {}

    public static void main(String[] arguments) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        Recorder recorder = new Recorder(loops);
        AtomicInteger attempts = new AtomicInteger();
        try (NetworkNamespace namespace = NetworkNamespace.open(Path.of(arguments[0]));
                AcceptLoop loop = AcceptLoop.listen(namespace, ADDRESS, SocketOptions.NONE, loops.next(), recorder.rules(), recorder)) {
            loop.channel().pipeline().addFirst(new ChannelInboundHandlerAdapter() {
                @Override
                public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                    attempts.incrementAndGet();
                    context.fireExceptionCaught(cause);
                }
            });
            round(namespace, recorder, 1);
            for (int i = 0; i < 2; i++) {
                exhaust(namespace, recorder, attempts);
            }
            System.in.read();
        } finally {
            loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    private static void exhaust(NetworkNamespace namespace, Recorder recorder, AtomicInteger attempts) throws Exception {
        List<SocketChannel> clients = sockets(namespace, CLIENTS);
        Deque<FileInputStream> fill = new ArrayDeque<>();
        try {
            while (true) {
                fill.push(new FileInputStream("/dev/null"));
            }
        } catch (IOException full) {
            // all descriptors are in use
        }
        attempts.set(0);
        long begin = System.nanoTime();
        for (SocketChannel client : clients) {
            client.connect(ADDRESS);
        }
        while (attempts.get() < 4) {
            Thread.onSpinWait();
        }
        // Between four attempts there are three pauses: 10, 20 and 40 ms.
        boolean slow = System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(70);
        String said = recorder.pauses.toString();
        while (!fill.isEmpty()) {
            fill.pop().close();
        }
        System.out.println("exhausted: said " + said + (slow ? ", attempts don't spin" : ", " + attempts + " attempts in no time"));
        served(recorder, clients);
    }

    private static List<SocketChannel> sockets(NetworkNamespace namespace, int count) throws IOException {
        List<SocketChannel> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets.add(namespace.call(() -> SocketChannel.open()));
        }
        return sockets;
    }

    private static void round(NetworkNamespace namespace, Recorder recorder, int count) throws Exception {
        List<SocketChannel> clients = sockets(namespace, count);
        for (SocketChannel client : clients) {
            client.connect(ADDRESS);
        }
        served(recorder, clients);
    }

    private static void served(Recorder recorder, List<SocketChannel> clients) throws Exception {
        for (SocketChannel client : clients) {
            recorder.connections.take().close().sync();
            client.close();
        }
        System.out.println("served " + clients.size() + ", said " + recorder.pauses);
        recorder.pauses.clear();
    }
}
