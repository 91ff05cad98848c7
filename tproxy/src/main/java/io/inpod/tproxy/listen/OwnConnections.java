package io.inpod.tproxy.listen;

import io.inpod.tproxy.CanonicalAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The open connections that a proxy has made from one namespace, so that its {@link AcceptLoop} there knows them when they come back:
 * if something takes the proxy's mark away, the rules redirect its own connections to it, and each would make the next one without end.
 *
 * <p>Thread-safe.
 */
public final class OwnConnections {
    /** Both ends of a connection, as the end that made it sees them. */
    private record Ends(InetSocketAddress local, InetSocketAddress remote) {}

    private final Map<Ends, Channel> open = new ConcurrentHashMap<>();

    /**
     * Held shared while a connection is being made: it may arrive at the listener before its own port is known here. Whoever looks
     * waits for the system calls that are under way, not for their connections.
     */
    private final ReadWriteLock connecting = new ReentrantReadWriteLock();

    /** Makes an empty set. */
    public OwnConnections() {}

    /**
     * Keeps account of a connection from the moment it is made until it is closed.
     *
     * @param connection a TCP channel that isn't connected yet, and will be connected on its event loop, as every bootstrap does
     */
    public void track(Channel connection) {
        connection.pipeline().addFirst(new Connecting());
    }

    /**
     * Whether an accepted connection is one of these. Waits for a few system calls of other threads at most.
     *
     * @param client the address it comes from
     * @param destination where it wants to go
     * @return whether the proxy itself has made it
     */
    boolean contains(InetSocketAddress client, InetSocketAddress destination) {
        return find(client, destination) != null;
    }

    /**
     * Where the other end of an accepted connection is served, if this process has made it: with both ends on one event loop, none has to wake
     * another one for every message. Waits like {@link #contains}.
     *
     * @param client the address it comes from
     * @param destination where it wants to go
     * @return the event loop; null if the connection isn't one of these
     */
    public @Nullable EventLoop eventLoop(InetSocketAddress client, InetSocketAddress destination) {
        Channel connection = find(client, destination);
        return connection == null ? null : connection.eventLoop();
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

    private final class Connecting extends ChannelOutboundHandlerAdapter {
        @Override
        public void connect(ChannelHandlerContext ctx, SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            Channel channel = ctx.channel();
            connecting.readLock().lock();
            try {
                ctx.connect(remote, local, promise);
                // Known as soon as the system call has returned, long before the connection is established.
                if (channel.localAddress() instanceof InetSocketAddress own && remote instanceof InetSocketAddress peer) {
                    Ends ends = new Ends(CanonicalAddress.of(own), CanonicalAddress.of(peer));
                    open.put(ends, channel);
                    channel.closeFuture().addListener(closed -> open.remove(ends));
                }
            } finally {
                connecting.readLock().unlock();
                ctx.pipeline().remove(this);
            }
        }
    }
}
