package io.inpod.netns;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.util.function.Supplier;

/**
 * Netty channels whose sockets live in another network namespace, as a {@link ChannelFactory} for any bootstrap: an application
 * changes one line. Binding, connecting and all I/O run on ordinary event loops, which never enter the namespace.
 *
 * <pre>{@code
 * new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(namespace)).childHandler(...).bind(8080);
 * new Bootstrap().group(loops).channelFactory(NettyChannels.client(namespace)).handler(...).connect("10.0.0.2", 80);
 * }</pre>
 *
 * <p>A factory may be called on any platform thread. It fails with {@link io.netty.channel.ChannelException} if the namespace is
 * closed or can't be entered.
 */
public final class NettyChannels {
    static {
        // The classes of the first channel must not be loaded inside a foreign namespace. The channels' own classes don't load the
        // native library, which otherwise needs an event loop to have been made before.
        Epoll.ensureAvailability();
        new EpollServerSocketChannel().unsafe().closeForcibly();
        new EpollSocketChannel().unsafe().closeForcibly();
    }

    private NettyChannels() {}

    /**
     * Listening TCP sockets for IPv4 and IPv6 at once (where the system has IPv6).
     *
     * @param namespace where; must stay open as long as the factory is used
     * @return a factory for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace) {
        return in(namespace, EpollServerSocketChannel::new);
    }

    /**
     * Listening TCP sockets for one address family.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param family IPv4, or IPv6, which serves IPv4-mapped peers too unless the namespace forbids it
     * @return a factory for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace, SocketProtocolFamily family) {
        return in(namespace, () -> new EpollServerSocketChannel(family));
    }

    /**
     * TCP sockets that can connect to IPv4 and IPv6 (where the system has IPv6).
     *
     * @param namespace where; must stay open as long as the factory is used
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace) {
        return in(namespace, EpollSocketChannel::new);
    }

    /**
     * TCP sockets of one address family.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param family that of the addresses they will bind and connect to
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace, SocketProtocolFamily family) {
        return in(namespace, () -> new EpollSocketChannel(family));
    }

    private static <C extends Channel> ChannelFactory<C> in(NetworkNamespace namespace, Supplier<C> constructor) {
        return () -> {
            try {
                return namespace.call(constructor::get);
            } catch (IOException e) {
                throw new io.netty.channel.ChannelException("no socket in " + namespace + ": " + e.getMessage(), e);
            }
        };
    }
}
