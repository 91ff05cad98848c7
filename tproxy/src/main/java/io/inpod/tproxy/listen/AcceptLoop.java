package io.inpod.tproxy.listen;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Listens inside a network namespace and finds out each connection's original destination before the connection is registered: it refuses
 * a connection that would lead back to the proxy, and then has the handler pick the event loop, so that the connection can be on the same
 * one as its upstream or its tunnel.
 *
 * <p>If the system can't accept more connections (too many open files, no memory), accepting pauses and later continues; it never spins
 * and never stops.
 *
 * <p>May be used from any thread.
 */
public final class AcceptLoop implements AutoCloseable {
    private final NetworkNamespace namespace;
    private final EpollServerSocketChannel listener;

    private AcceptLoop(NetworkNamespace namespace, EpollServerSocketChannel listener) {
        this.namespace = namespace;
        this.listener = listener;
    }

    /**
     * Listens. Blocks until the listener is bound, so it must not be called on an event loop.
     *
     * @param namespace the namespace to listen in; must stay open until the loop is closed
     * @param address the address and port; port 0 for any free one
     * @param sockets options of the listener, which its connections inherit: {@link io.inpod.netns.socket.LinuxSocketOptions#TRANSPARENT}
     *     for TPROXY, {@link io.inpod.netns.socket.LinuxSocketOptions#MARK}, and keepalive, which detects peers that have vanished. ({@link
     *     io.inpod.netns.socket.LinuxSocketOptions#USER_TIMEOUT} also ends connections to live peers that don't read for that long; it is
     *     off unless set.) {@link io.inpod.netns.socket.LinuxSocketOptions#REUSE_PORT} makes a {@linkplain #handOver hand-over} possible
     * @param loop accepts; an epoll event loop, usually one of those that also serve connections
     * @param rules which connections are refused
     * @param handler serves the accepted connections
     * @return the listener
     * @throws IOException if the socket can't be created, an option is refused, or the address can't be bound (usually EADDRINUSE)
     */
    public static AcceptLoop listen(
            NetworkNamespace namespace, InetSocketAddress address, SocketOptions sockets, EventLoop loop, AcceptRules rules,
            AcceptHandler handler)
            throws IOException {
        try {
            EpollServerSocketChannel listener = NettyChannels.server(namespace, sockets).newChannel();
            listener.pipeline().addLast(new Accepting(rules, handler));
            ChannelFuture done = loop.register(listener).awaitUninterruptibly(); // closes it if it fails
            if (done.isSuccess()) {
                done = listener.bind(address).awaitUninterruptibly();
            }
            if (!done.isSuccess()) {
                listener.close().awaitUninterruptibly();
                throw new ChannelException(done.cause().getMessage(), done.cause());
            }
            return new AcceptLoop(namespace, listener);
        } catch (ChannelException e) {
            throw new IOException("can't listen on " + address + " in " + namespace + ": " + e.getMessage(),
                    e.getCause() == null ? e : e.getCause());
        }
    }

    /** {@return the address on which it listens} */
    public InetSocketAddress localAddress() {
        return listener.localAddress();
    }

    /** {@return the listening channel, for its options and its close future} */
    public Channel channel() {
        return listener;
    }

    /**
     * Closes the listener so that another process, which already listens on the same address with SO_REUSEPORT, takes over without any
     * client being reset. Connections that were accepted before stay open. Reads from {@code /proc}, so it must not be called on an event
     * loop. Hand several listeners of one namespace over {@linkplain #handOver(List, Duration) together}; otherwise the hand-over that ends
     * first resets the kernel's setting while the others still need it.
     *
     * @param settle how long TCP handshakes that have begun may take, such as 3 seconds
     * @return how the hand-over went, and which risk could not be excluded; available after {@code settle}, or after ten times as long if
     *     clients keep connecting. Until then the namespace must stay open and the accepting event loop must run. Never fails
     */
    public Future<HandOver> handOver(Duration settle) {
        return handOver(List.of(this), settle).get(0);
    }

    /**
     * Hands over several listeners, each as {@link #handOver(Duration)} does. Listeners of the same namespace share its setting
     * {@code net.ipv4.tcp_migrate_req}, which is restored when the last of them is done.
     *
     * @param listeners the listeners, of any namespaces
     * @param settle see {@link #handOver(Duration)}
     * @return one future for each listener, in the same order. Until all are done, the namespaces must stay open and the accepting event
     *     loops must run. None of them fails
     */
    public static List<Future<HandOver>> handOver(List<AcceptLoop> listeners, Duration settle) {
        Map<NetworkNamespace, MigrationSetting> settings = new HashMap<>();
        return listeners.stream().map(loop -> new HandOverProcedure(loop.namespace, loop.listener, settle,
                settings.computeIfAbsent(loop.namespace, MigrationSetting::new)).start()).toList();
    }

    /**
     * Closes the listener, and waits for that unless called on its event loop. Clients that have connected but haven't been accepted yet
     * are reset, see {@link #handOver}; accepted connections stay open.
     */
    @Override
    public void close() {
        ChannelFuture closed = listener.close();
        if (!listener.eventLoop().inEventLoop()) {
            closed.awaitUninterruptibly();
        }
    }

    @Override
    public String toString() {
        return "listener " + listener.localAddress() + " in " + namespace;
    }
}
