package io.inpod.netns.tcp;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOption;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.NamespaceCookies;
import io.inpod.netns.socket.PreparedOptions;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Creates {@link TcpChannel}s that can connect, in a network namespace.
 *
 * <p>Two kinds of options are set late, when a connection has lasted two seconds or is given more than 64 KiB to send, since most
 * connections of a busy proxy never need them: keepalive and its parameters, and {@link LinuxSocketOptions#NOTSENT_LOWAT}. TCP_NODELAY is
 * set before the second write, unless the options say that it is off. If the kernel refuses a late option, the pipeline is told, as of any
 * failure of the connection. All others are set at once.
 *
 * <p>Thread-safe. The namespace must stay open while the factory is used, which must be closed if it has ever been given an event loop.
 */
public final class TcpSockets implements ChannelFactory<TcpChannel>, AutoCloseable {
    private static final Set<LinuxSocketOption<?>> LATE =
            Set.of(LinuxSocketOptions.KEEPALIVE, LinuxSocketOptions.KEEPALIVE_IDLE, LinuxSocketOptions.KEEPALIVE_INTERVAL,
                    LinuxSocketOptions.KEEPALIVE_COUNT, LinuxSocketOptions.NOTSENT_LOWAT);

    private final NetworkNamespace namespace;
    private final boolean v4;
    private final SpareSockets spares;
    private final PreparedOptions early;
    private final @Nullable PreparedOptions late;
    private final boolean withoutDelay;
    private volatile long cookie;

    /**
     * Creates a factory.
     *
     * @param namespace the sockets' namespace
     * @param family the family of the addresses that they bind and connect to
     * @param options their options
     */
    public TcpSockets(NetworkNamespace namespace, IpFamily family, SocketOptions options) {
        this.namespace = namespace;
        this.v4 = family == IpFamily.V4;
        this.spares = new SpareSockets(namespace, v4);
        SocketOptions first = options;
        SocketOptions later = options;
        for (LinuxSocketOption<?> option : options.values().keySet()) {
            if (LATE.contains(option)) {
                first = first.without(option);
            } else {
                later = later.without(option);
            }
        }
        this.early = new PreparedOptions(first, family.protocolFamily());
        PreparedOptions after = new PreparedOptions(later, family.protocolFamily());
        this.late = after.isEmpty() ? null : after;
        this.withoutDelay = options.get(LinuxSocketOptions.NO_DELAY) != null;
    }

    @Override
    public TcpChannel newChannel() {
        return newChannel(null);
    }

    /**
     * Creates a channel for an event loop. While that happens often, sockets are made in advance, up to seven: the namespace is entered
     * for eight at a time.
     *
     * @param loop the event loop of the channel, which also closes sockets in advance that nobody needs; null for none in advance
     * @return a channel that isn't registered yet
     * @throws ChannelException if the socket can't be created, or an option is refused
     */
    public TcpChannel newChannel(@Nullable EventLoop loop) {
        try {
            TcpChannel channel = new TcpChannel(open(loop), v4, cookie, withoutDelay, late);
            try {
                early.apply(channel);
                return channel;
            } catch (IOException | RuntimeException e) {
                channel.unsafe().closeForcibly();
                throw e;
            }
        } catch (IOException e) {
            throw new ChannelException("no socket in " + namespace + ": " + e.getMessage(), e);
        }
    }

    /** A racing thread asks for the cookie too, and gets the same. */
    private int open(@Nullable EventLoop loop) throws IOException {
        int fd = spares.take(loop);
        if (cookie == 0) {
            cookie = new NamespaceCookies().of(fd);
        }
        return fd;
    }

    /** Closes sockets that were made in advance. More can be created, but none in advance. */
    @Override
    public void close() {
        spares.close();
    }

    @Override
    public String toString() {
        return "TCP sockets in " + namespace;
    }
}
