package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayOptions;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Handles each connection that a pod's listener accepts: refuses loops, picks its event loop, and adds it to the pod's connections. */
abstract class PodListener implements AcceptHandler {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");

    protected final PodContext pod;
    private final int port;
    private final EventLoopGroup loops;

    PodListener(PodContext pod, int port, EventLoopGroup loops) {
        this.pod = pod;
        this.port = port;
        this.loops = loops;
    }

    final int port() {
        return port;
    }

    final AcceptRules rules() {
        return new AcceptRules(this::isOurs, own(), pod.clients());
    }

    /** Returns the connections that must not arrive here, because that would be a loop. */
    OwnConnections own() {
        return pod.own();
    }

    /** Returns the options of the listener's socket, which accepted connections inherit. */
    SocketOptions sockets() {
        return pod.sockets();
    }

    /** Returns whether a destination is one of the proxy's own listeners, so that connecting to it would loop. */
    boolean isOurs(OriginalDestination destination) {
        return false;
    }

    @Override
    public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
        return loops.next();
    }

    @Override
    public final void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
        if (pod.admit(connection)) {
            pod.reports().traffic().count(port == InPodConstants.INBOUND_PLAINTEXT_PORT || port == InPodConstants.HBONE_PORT, connection);
            prepare(connection);
            connection.eventLoop().execute(() -> Guarded.run(pod.access().lines(), connection, () -> {
                try {
                    serve(connection, client, destination);
                } catch (ClosedChannelException e) {
                    // the client disconnected before it was served
                    connection.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                }
            }));
        }
    }

    void prepare(SocketChannel connection) {
        RelayOptions.DEFAULT.prepare(connection);
    }

    /** Serves a connection, on its event loop. Reading is off. */
    abstract void serve(SocketChannel client, InetSocketAddress source, OriginalDestination destination) throws ClosedChannelException;

    @Override
    public final void refused(InetSocketAddress client, OriginalDestination destination, String reason) {
        boolean inbound = port == InPodConstants.INBOUND_PLAINTEXT_PORT || port == InPodConstants.HBONE_PORT;
        pod.access().failed(
                new AccessLog.Connection(inbound ? "inbound" : "outbound", new AccessLog.End(client, null, null),
                        new AccessLog.End(destination.address(), null, null), null, null),
                ResponseFlag.CONNECT,
                "attempted recursive call to ourselves: " + reason);
    }

    @Override
    public final void overLimit(InetSocketAddress client) {
        pod.limit().socketsExhausted(client.getAddress());
    }

    @Override
    public final void failed(Throwable cause) {
        if (pod.access().lines().take(null, 1)) {
            LOG.error("a connection to port {} of {} is refused: {}", port, pod.namespace(), AccessLog.words(cause));
        }
    }

    @Override
    public final void paused(Throwable cause) {
        if (pod.access().lines().take(null, 1)) {
            LOG.warn("can't accept connections on port {} of {}, retrying: {}", port, pod.namespace(), AccessLog.words(cause));
        }
    }

    @Override
    public final void resumed() {
        if (pod.access().lines().take(null, 1)) {
            LOG.info("accepting connections on port {} of {} again", port, pod.namespace());
        }
    }
}
