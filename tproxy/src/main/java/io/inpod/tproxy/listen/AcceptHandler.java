package io.inpod.tproxy.listen;

import io.inpod.tproxy.OriginalDestination;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;

/** What an {@link AcceptLoop} does with connections, and tells. */
public interface AcceptHandler {
    /**
     * Picks the event loop of a connection, so that it can be where its upstream will be. On the accepting event loop, before the
     * connection is registered anywhere; must not block.
     *
     * @param client where it comes from
     * @param destination where it wants to go
     * @return a loop that is made with {@link io.inpod.tproxy.relay.RelayIoHandler#newFactory()} if the connection will be relayed
     */
    EventLoop pick(InetSocketAddress client, OriginalDestination destination);

    /**
     * Serves a connection. On its own event loop, before it is active and before anything is read; automatic reading is off.
     * If this throws, the connection is reset and {@link #failed} is told.
     *
     * @param connection the connection, now the handler's to close
     * @param client where it comes from
     * @param destination where it wants to go
     * @throws Exception to have it reset
     */
    void accepted(EpollSocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception;

    /**
     * A connection was reset because following it would lead back to the proxy. On the accepting event loop.
     *
     * @param client where it came from
     * @param destination where it wanted to go
     * @param reason why, in words
     */
    default void refused(InetSocketAddress client, OriginalDestination destination, String reason) {}

    /**
     * A connection could not be served and has been reset. On an event loop.
     *
     * @param cause what {@link #pick} or {@link #accepted} threw, or why the connection could not be registered
     */
    default void failed(Throwable cause) {}

    /**
     * Accepting pauses because the system refuses more connections (EMFILE, ENFILE, ENOBUFS, ENOMEM). It is tried again by and by;
     * told once until {@link #resumed}. Clients wait meanwhile. On the accepting event loop.
     *
     * @param cause the system's answer
     */
    default void paused(Throwable cause) {}

    /** Accepting goes on after {@link #paused}. On the accepting event loop. */
    default void resumed() {}
}
