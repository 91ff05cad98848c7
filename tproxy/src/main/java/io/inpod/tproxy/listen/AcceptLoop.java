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
 * A listener inside a network namespace that knows where its clients want to go before anything is done with them: it asks for a
 * connection's original destination first, refuses what would lead back to the proxy, and then has the event loop picked, so that a
 * connection can be on the same one as its upstream or its tunnel.
 *
 * <p>If the system refuses more connections (too many open files, no memory) accepting pauses and goes on by itself; it never spins
 * and never ends.
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
     * Listens. Blocks until the listener is there, so not on an event loop.
     *
     * @param namespace where; must stay open until the loop is closed
     * @param address the address and port, 0 for any that is free
     * @param sockets options of the listener, which its connections inherit: {@link io.inpod.netns.socket.LinuxSocketOptions#TRANSPARENT} for
     *     TPROXY, {@link io.inpod.netns.socket.LinuxSocketOptions#MARK}, keepalive, which finds peers that have vanished (unlike
     *     {@link io.inpod.netns.socket.LinuxSocketOptions#USER_TIMEOUT}, which is off unless set: it also ends connections to living peers that
     *     don't read for so long); {@link io.inpod.netns.socket.LinuxSocketOptions#REUSE_PORT} for a
     *     {@linkplain #handOver hand-over}
     * @param loop accepts; on epoll, usually one of those that serve connections too
     * @param rules what is refused
     * @param handler serves what is accepted
     * @return the listener
     * @throws IOException if there is no socket, an option is refused, or the address can't be bound (EADDRINUSE, mostly)
     */
    public static AcceptLoop listen(
            NetworkNamespace namespace, InetSocketAddress address, SocketOptions sockets, EventLoop loop, AcceptRules rules, AcceptHandler handler)
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
            throw new IOException("can't listen on " + address + " in " + namespace + ": " + e.getMessage(), e.getCause() == null ? e : e.getCause());
        }
    }

    /** {@return the address it listens on} */
    public InetSocketAddress localAddress() {
        return listener.localAddress();
    }

    /** {@return the listening channel, for options and for its close future} */
    public Channel channel() {
        return listener;
    }

    /**
     * Closes the listener so that another process, which listens on the same address with SO_REUSEPORT already, takes over without a
     * client being reset; what was accepted before goes on here. Reads from {@code /proc}, so not on an event loop. Several listeners of
     * one namespace are handed over {@linkplain #handOver(List, Duration) together}: the one whose hand-over ends first takes the kernel's
     * setting from the others.
     *
     * @param settle how long handshakes that were under way when this began may take, such as 3 seconds
     * @return how it went, and what could not be excluded: after that time, or ten times of it if clients don't stop coming. Until
     *     then the namespace and the accepting event loop must stay. Never fails
     */
    public Future<HandOver> handOver(Duration settle) {
        return handOver(List.of(this), settle).get(0);
    }

    /**
     * Hands over listeners as {@link #handOver(Duration)} does with one. Those of the same namespace share its setting
     * {@code net.ipv4.tcp_migrate_req}, which is what it was before when the last of them is done.
     *
     * @param listeners any, of any namespaces
     * @param settle how long handshakes that were under way when this began may take, such as 3 seconds
     * @return how it went with each, in the same order. Until all are done the namespaces and the accepting event loops must stay.
     *     None fails
     */
    public static List<Future<HandOver>> handOver(List<AcceptLoop> listeners, Duration settle) {
        Map<NetworkNamespace, MigrationSetting> settings = new HashMap<>();
        return listeners.stream().map(loop -> new HandOverProcedure(loop.namespace, loop.listener, settle,
                settings.computeIfAbsent(loop.namespace, MigrationSetting::new)).start()).toList();
    }

    /**
     * Closes the listener and waits for it, unless on its event loop. Clients that have connected but weren't accepted yet are reset,
     * see {@link #handOver}; those that were accepted go on.
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
