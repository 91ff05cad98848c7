package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_PORT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.HandOver;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A process that serves ports so slowly that clients queue, until it is requested to hand them over. */
final class HandOverProcess {
    private HandOverProcess() {}

    /** Arguments: the namespace's path, the text for each client, the ports. */
    public static void main(String[] arguments) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
        List<AcceptLoop> listeners = new ArrayList<>();
        try (NetworkNamespace namespace = NetworkNamespace.open(Path.of(arguments[0]))) {
            for (String port : List.of(arguments).subList(2, arguments.length)) {
                listeners.add(AcceptLoop.listen(namespace, new InetSocketAddress("0.0.0.0", Integer.parseInt(port)),
                        SocketOptions.NONE.with(REUSE_PORT, true).withBacklog(1000), loops.next(),
                        AcceptRules.ofPorts(Set.of(), new OwnConnections()), new Greeter(loops, (byte) arguments[1].charAt(0))));
            }
            System.out.println("listening");
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
            for (String command = commands.readLine(); command != null; command = commands.readLine()) {
                System.out.println(command.equals("hand over") ? handOver(listeners) : "what?");
            }
            listeners.forEach(AcceptLoop::close);
        } finally {
            loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    private static List<HandOver> handOver(List<AcceptLoop> listeners) throws InterruptedException {
        List<HandOver> reports = new ArrayList<>();
        for (Future<HandOver> handOver : AcceptLoop.handOver(listeners, Duration.ofSeconds(1))) {
            reports.add(handOver.sync().getNow());
        }
        return reports;
    }

    private record Greeter(MultiThreadIoEventLoopGroup loops, byte greeting) implements AcceptHandler {
        @Override
        public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
            try {
                TimeUnit.MILLISECONDS.sleep(1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return loops.next();
        }

        @Override
        public void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
            connection.eventLoop().execute(() -> connection.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {greeting}))
                    .addListener(ChannelFutureListener.CLOSE));
        }
    }
}
