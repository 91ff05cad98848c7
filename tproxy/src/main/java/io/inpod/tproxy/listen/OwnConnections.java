package io.inpod.tproxy.listen;

import io.inpod.netns.bpf.SockMap;
import io.inpod.tproxy.CanonicalAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The open connections that a proxy has opened from one namespace, by which its {@link AcceptLoop} there recognises them if they come back:
 * if the proxy's mark is lost, the rules redirect the proxy's own connections to the proxy, and each would cause the next, endlessly.
 *
 * <p>Thread-safe.
 */
public final class OwnConnections {
    /** Both ends of a connection, as seen by the end that opened it. */
    private record Ends(InetSocketAddress local, InetSocketAddress remote) {}

    private final Map<Ends, Channel> open = new ConcurrentHashMap<>();

    /**
     * Held shared during connect(2): the connection may arrive at the listener before its own port is known here. A look-up waits for the
     * system calls in progress, not for their connections.
     */
    private final ReadWriteLock connecting = new ReentrantReadWriteLock();

    private final @Nullable SockMap sockets;

    /** Creates an empty set. */
    public OwnConnections() {
        this(null);
    }

    /**
     * Creates an empty set.
     *
     * @param sockets takes the network out of connections, which it does on {@linkplain #join request}; it stays the caller's
     */
    public OwnConnections(@Nullable SockMap sockets) {
        this.sockets = sockets;
    }

    /**
     * Tracks a connection from connect(2) until it is closed.
     *
     * @param connection a TCP channel that isn't connected yet and will be connected on its event loop, as every bootstrap does
     */
    public void track(Channel connection) {
        connection.pipeline().addFirst(new Connecting());
    }

    /**
     * Tests whether an accepted connection is one of these. Waits at most for a few system calls of other threads.
     *
     * @param client its source address
     * @param destination its original destination
     * @return whether the proxy itself opened it
     */
    boolean contains(InetSocketAddress client, InetSocketAddress destination) {
        return find(client, destination) != null;
    }

    /**
     * Returns the event loop of the other end of an accepted connection, if this process opened it. With both ends on one event loop,
     * neither has to wake another thread for every message. Waits at most for a few system calls of other threads.
     *
     * @param client its source address
     * @param destination its original destination
     * @return the event loop; null if the connection isn't one of these
     */
    public @Nullable EventLoop eventLoop(InetSocketAddress client, InetSocketAddress destination) {
        Channel connection = find(client, destination);
        return connection == null ? null : connection.eventLoop();
    }

    /**
     * Takes the network out of an accepted connection that this process has opened, see {@link SockMap}, if both of its ends are on one
     * event loop; to be called there, before anything is read from the connection. Its protocol must be one whose client sends nothing
     * after its first message until the server has answered, as TLS is, and must have flow control.
     *
     * @param accepted the connection as it was accepted
     * @return whether it was done
     */
    public boolean join(SocketChannel accepted) {
        return sockets != null && find(accepted.remoteAddress(), accepted.localAddress()) instanceof SocketChannel client
                && client.eventLoop() == accepted.eventLoop() && client.isOpen() && sockets.join(client, accepted);
    }

    private @Nullable Channel find(InetSocketAddress client, InetSocketAddress destination) {
        Ends ends = new Ends(CanonicalAddress.of(client), CanonicalAddress.of(destination));
        connecting.writeLock().lock();
        try {
            return open.get(ends);
        } finally {
            connecting.writeLock().unlock();
        }
    }

    /**
     * Connects a channel, and tracks the connection from connect(2) until it is closed. On the channel's event loop.
     *
     * @param connection a TCP channel that isn't connected yet, and has no handlers that connect in another way
     * @param remote the address to connect to
     * @param local the address to bind first; null for the kernel's choice
     * @return the channel's future
     */
    public ChannelFuture connect(Channel connection, InetSocketAddress remote, @Nullable InetSocketAddress local) {
        connecting.readLock().lock();
        try {
            ChannelFuture future = connection.connect(remote, local);
            begun(connection, remote);
            return future;
        } finally {
            connecting.readLock().unlock();
        }
    }

    /** The local address is known as soon as the system call has returned, long before the connection is established. */
    private void begun(Channel connection, SocketAddress remote) {
        if (connection.localAddress() instanceof InetSocketAddress own && remote instanceof InetSocketAddress peer) {
            Ends ends = new Ends(CanonicalAddress.of(own), CanonicalAddress.of(peer));
            open.put(ends, connection);
            connection.closeFuture().addListener(closed -> open.remove(ends));
        }
    }

    private final class Connecting extends ChannelOutboundHandlerAdapter {
        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // it is the caller's promise
        public void connect(ChannelHandlerContext ctx, SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            connecting.readLock().lock();
            try {
                ctx.connect(remote, local, promise);
                begun(ctx.channel(), remote);
            } finally {
                connecting.readLock().unlock();
                ctx.pipeline().remove(this);
            }
        }
    }
}
