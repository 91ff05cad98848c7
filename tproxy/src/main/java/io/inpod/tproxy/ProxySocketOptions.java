package io.inpod.tproxy;

import static io.inpod.netns.NamespaceChannelOption.IPV6_FREEBIND;
import static io.inpod.netns.NamespaceChannelOption.IPV6_TRANSPARENT;
import static io.inpod.netns.NamespaceChannelOption.IP_FREEBIND;
import static io.inpod.netns.NamespaceChannelOption.IP_TRANSPARENT;
import static io.inpod.netns.NamespaceChannelOption.SO_MARK;

import io.inpod.netns.NettyChannels;
import io.inpod.netns.NetworkNamespace;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The options of a transparent proxy's sockets, for listeners and for connections. An option that the kernel refuses makes the
 * bind or connect fail (a bootstrap's own options would only be logged): a proxy whose packets lack their mark would be redirected
 * to itself, or let connections pass that nobody checked.
 *
 * @param mark the mark of all packets, SO_MARK; 0 for none. Accepted connections inherit it. See socket(7)
 * @param transparent whether a listener may accept, and a connection may have, foreign addresses, see IP_TRANSPARENT in ip(7)
 * @param freebind whether addresses may be bound that no interface has, see IP_FREEBIND in ip(7)
 * @param reusePort whether several listeners may share the port, SO_REUSEPORT
 * @param reuseAddress whether a port may be bound that old connections still use, SO_REUSEADDR
 * @param keepalive how vanished peers are found, or null for never; connections only
 * @param noDelay whether small packets are sent at once, TCP_NODELAY; connections only
 * @param userTimeout how long sent data may stay unacknowledged, TCP_USER_TIMEOUT, up to 2³¹-1 milliseconds; zero for the system's
 *     default. It also ends connections to living peers that don't read for so long. Connections only
 * @param backlog connections that may wait to be accepted, at least 1; listeners only
 * @param connectTimeout how long connecting may take, 1 to 2³¹-1 milliseconds; upstream connections only
 */
public record ProxySocketOptions(
        int mark,
        boolean transparent,
        boolean freebind,
        boolean reusePort,
        boolean reuseAddress,
        @Nullable Keepalive keepalive,
        boolean noDelay,
        Duration userTimeout,
        int backlog,
        Duration connectTimeout) {

    /**
     * No mark, not transparent, reuse of addresses, {@link Keepalive#DEFAULT}, no delay, no user timeout, a backlog of 128 and ten
     * seconds to connect.
     */
    public static final ProxySocketOptions DEFAULT =
            new ProxySocketOptions(0, false, false, false, true, Keepalive.DEFAULT, true, Duration.ZERO, 128, Duration.ofSeconds(10));

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public ProxySocketOptions {
        if (backlog < 1) {
            throw new IllegalArgumentException("backlog must be at least 1, not " + backlog);
        }
        if (userTimeout.isNegative() || userTimeout.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("userTimeout must be 0 to 2³¹-1 ms, not " + userTimeout);
        }
        if (connectTimeout.toMillis() < 1 || connectTimeout.toMillis() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("connectTimeout must be 1 to 2³¹-1 ms, not " + connectTimeout);
        }
    }

    /**
     * Changes the mark.
     *
     * @param value the mark of all packets, 0 for none
     * @return options with that mark, otherwise like these
     */
    public ProxySocketOptions withMark(int value) {
        return new ProxySocketOptions(value, transparent, freebind, reusePort, reuseAddress, keepalive, noDelay, userTimeout, backlog, connectTimeout);
    }

    /**
     * Changes what is allowed with foreign addresses.
     *
     * @param value whether they may be accepted, bound and used, for both {@link #transparent()} and {@link #freebind()}
     * @return options with that, otherwise like these
     */
    public ProxySocketOptions withTransparent(boolean value) {
        return new ProxySocketOptions(mark, value, value, reusePort, reuseAddress, keepalive, noDelay, userTimeout, backlog, connectTimeout);
    }

    /**
     * Changes whether listeners share their port.
     *
     * @param value whether they may
     * @return options with that, otherwise like these
     */
    public ProxySocketOptions withReusePort(boolean value) {
        return new ProxySocketOptions(mark, transparent, freebind, value, reuseAddress, keepalive, noDelay, userTimeout, backlog, connectTimeout);
    }

    /**
     * Changes whether ports may be bound that old connections still use.
     *
     * @param value whether they may
     * @return options with that, otherwise like these
     */
    public ProxySocketOptions withReuseAddress(boolean value) {
        return new ProxySocketOptions(mark, transparent, freebind, reusePort, value, keepalive, noDelay, userTimeout, backlog, connectTimeout);
    }

    /**
     * Changes how vanished peers are found.
     *
     * @param value how, or null for never
     * @return options with that, otherwise like these
     */
    public ProxySocketOptions withKeepalive(@Nullable Keepalive value) {
        return new ProxySocketOptions(mark, transparent, freebind, reusePort, reuseAddress, value, noDelay, userTimeout, backlog, connectTimeout);
    }

    /**
     * Changes how long connecting may take.
     *
     * @param value the time, 1 to 2³¹-1 milliseconds
     * @return options with that, otherwise like these
     */
    public ProxySocketOptions withConnectTimeout(Duration value) {
        return new ProxySocketOptions(mark, transparent, freebind, reusePort, reuseAddress, keepalive, noDelay, userTimeout, backlog, value);
    }

    /**
     * Listeners for IPv4 and IPv6 at once, for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}. Binding fails with
     * {@link ChannelException} if an option is refused.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @return a factory that may be called on any platform thread
     */
    public ChannelFactory<EpollServerSocketChannel> listeners(NetworkNamespace namespace) {
        return configured(NettyChannels.server(namespace));
    }

    /**
     * Listeners for one address family, for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}. Binding fails with
     * {@link ChannelException} if an option is refused.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param family which
     * @return a factory that may be called on any platform thread
     */
    public ChannelFactory<EpollServerSocketChannel> listeners(NetworkNamespace namespace, SocketProtocolFamily family) {
        return configured(NettyChannels.server(namespace, family));
    }

    private ChannelFactory<EpollServerSocketChannel> configured(ChannelFactory<EpollServerSocketChannel> plain) {
        return () -> {
            EpollServerSocketChannel listener = plain.newChannel();
            try {
                SocketOption.require(listener, ChannelOption.SO_BACKLOG, backlog);
                SocketOption.require(listener, EpollChannelOption.SO_REUSEPORT, reusePort);
                // Netty reads the family-less level on sockets of both families; the kernel keeps one flag for both.
                common(listener, false);
                return listener;
            } catch (ChannelException e) {
                listener.close();
                throw e;
            }
        };
    }

    /**
     * Unconnected sockets for one address family, for {@link io.netty.bootstrap.Bootstrap#channelFactory}. Connecting fails with
     * {@link ChannelException} if an option is refused.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param family which
     * @return a factory that may be called on any platform thread
     */
    public ChannelFactory<EpollSocketChannel> connections(NetworkNamespace namespace, SocketProtocolFamily family) {
        ChannelFactory<EpollSocketChannel> plain = NettyChannels.client(namespace, family);
        return () -> {
            EpollSocketChannel connection = plain.newChannel();
            try {
                common(connection, family == SocketProtocolFamily.INET6);
                SocketOption.require(connection, ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) connectTimeout.toMillis());
                configureAccepted(connection);
                return connection;
            } catch (ChannelException e) {
                connection.close();
                throw e;
            }
        };
    }

    private void common(Channel channel, boolean v6) {
        SocketOption.require(channel, ChannelOption.SO_REUSEADDR, reuseAddress);
        if (mark != 0) {
            SocketOption.require(channel, SO_MARK, mark);
        }
        if (transparent) {
            SocketOption.require(channel, v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1);
        }
        if (freebind) {
            SocketOption.require(channel, v6 ? IPV6_FREEBIND : IP_FREEBIND, 1);
        }
    }

    /**
     * Sets the options that concern connections (keepalive, no delay, user timeout) on one that was accepted. May be called from
     * any thread.
     *
     * @param connection an accepted connection
     * @throws ChannelException if the kernel refuses one
     */
    public void configureAccepted(EpollSocketChannel connection) {
        SocketOption.require(connection, ChannelOption.TCP_NODELAY, noDelay);
        SocketOption.require(connection, ChannelOption.SO_KEEPALIVE, keepalive != null);
        if (keepalive != null) {
            SocketOption.require(connection, EpollChannelOption.TCP_KEEPIDLE, (int) keepalive.idle().toSeconds());
            SocketOption.require(connection, EpollChannelOption.TCP_KEEPINTVL, (int) keepalive.interval().toSeconds());
            SocketOption.require(connection, EpollChannelOption.TCP_KEEPCNT, keepalive.count());
        }
        if (!userTimeout.isZero()) {
            SocketOption.require(connection, EpollChannelOption.TCP_USER_TIMEOUT, (int) userTimeout.toMillis());
        }
    }
}
