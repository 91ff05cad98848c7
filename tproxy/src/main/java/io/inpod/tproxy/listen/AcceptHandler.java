package io.inpod.tproxy.listen;

import io.inpod.tproxy.OriginalDestination;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;

/** Serves the connections that an {@link AcceptLoop} accepts, and is notified of its failures. */
public interface AcceptHandler {
    /**
     * Picks the event loop of a connection, so that the connection and its upstream can be on the same one. Called on the accepting event
     * loop before the connection is registered anywhere; must not block.
     *
     * @param client the address from which the connection comes
     * @param destination the address to which the client connected
     * @return an event loop; if the connection will be relayed, one with {@link io.inpod.tproxy.relay.RelayIoHandler#newFactory()}
     */
    EventLoop pick(InetSocketAddress client, OriginalDestination destination);

    /**
     * Serves a connection. Called on the connection's event loop before it is active and before anything is read; automatic reading is
     * off. If this method throws, the connection is reset and {@link #failed} is called.
     *
     * @param connection the connection, to be closed by the handler
     * @param client see {@link #pick}
     * @param destination see {@link #pick}
     * @throws Exception if the connection can't be served
     */
    void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception;

    /**
     * Whether connections are reset when they close, in whatever way, until {@link io.inpod.tproxy.Resets#notOnClose} says otherwise: as
     * {@link io.inpod.tproxy.relay.RelayOptions#prepare} makes them, but from their first moment on and without a system call for each.
     * Asked once, when the listener is opened.
     *
     * @return true if all connections will be relayed, or reset; false by default
     */
    default boolean resetsUnlessEnded() {
        return false;
    }

    /**
     * A connection was reset because connecting to its destination would lead back to the proxy. Called on the accepting event loop.
     *
     * @param client see {@link #pick}
     * @param destination see {@link #pick}
     * @param reason why, for a log
     */
    default void refused(InetSocketAddress client, OriginalDestination destination, String reason) {}

    /**
     * A connection was reset because its client has no room for another socket, see {@link AcceptRules#clients()}. Called on the accepting
     * event loop, possibly very often; must not log each time.
     *
     * @param client see {@link #pick}
     */
    default void overLimit(InetSocketAddress client) {}

    /**
     * A connection could not be served and was reset. Called on an event loop.
     *
     * @param cause what {@link #pick} or {@link #accepted} threw, or why the connection could not be registered
     */
    default void failed(Throwable cause) {}

    /**
     * Accepting pauses because the system can't accept more connections (EMFILE, ENFILE, ENOBUFS, ENOMEM). It is retried at growing
     * intervals, and clients wait meanwhile. Called once, on the accepting event loop, until {@link #resumed}.
     *
     * @param cause the system's error
     */
    default void paused(Throwable cause) {}

    /** Accepting continues after {@link #paused}. Called on the accepting event loop. */
    default void resumed() {}
}
