package io.inpod.tproxy;

import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Records the calls of an accept loop. */
class Recorder implements AcceptHandler {
    final BlockingQueue<OriginalDestination> picked = new LinkedBlockingQueue<>();
    final BlockingQueue<SocketChannel> connections = new LinkedBlockingQueue<>();
    final BlockingQueue<String> refusals = new LinkedBlockingQueue<>();
    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    final BlockingQueue<String> pauses = new LinkedBlockingQueue<>();
    private final MultiThreadIoEventLoopGroup loops;
    final OwnConnections own = new OwnConnections();

    Recorder(MultiThreadIoEventLoopGroup loops) {
        this.loops = loops;
    }

    AcceptRules rules() {
        return AcceptRules.ofPorts(Set.of(TestProxy.PROXY_PORT), own);
    }

    @Override
    public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
        picked.add(destination);
        return loops.next();
    }

    @Override
    public void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
        connections.add(connection);
    }

    @Override
    public void refused(InetSocketAddress client, OriginalDestination destination, String reason) {
        refusals.add(reason);
    }

    @Override
    public void failed(Throwable cause) {
        failures.add(cause);
    }

    @Override
    public void paused(Throwable cause) {
        pauses.add("paused");
    }

    @Override
    public void resumed() {
        pauses.add("resumed");
    }
}
