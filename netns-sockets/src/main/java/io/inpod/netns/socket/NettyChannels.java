package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.netty.channel.ChannelFactory;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.StandardProtocolFamily;

/**
 * Netty channels on epoll whose sockets live in another network namespace, as a {@link ChannelFactory} for any bootstrap: an
 * application changes one line. Binding, connecting and all I/O run on ordinary event loops, which never enter the namespace.
 *
 * <pre>{@code
 * new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(namespace)).childHandler(...).bind(8080);
 * new Bootstrap().group(loops).channelFactory(NettyChannels.client(namespace)).handler(...).connect("10.0.0.2", 80);
 * }</pre>
 *
 * <p>A factory may be called on any platform thread. It fails with {@link io.netty.channel.ChannelException} if the namespace is
 * closed or can't be entered, or the kernel refuses an option; the cause says which and why. Where epoll itself
 * can't be used, making a factory fails with {@link UnsupportedOperationException}. {@link Transport} has the same for
 * io_uring.
 */
public final class NettyChannels {
    private NettyChannels() {}

    /**
     * Listening TCP sockets for IPv4 and IPv6 at once (where the system has IPv6).
     *
     * @param namespace where; must stay open as long as the factory is used
     * @return a factory for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace) {
        return server(namespace, SocketOptions.NONE);
    }

    /**
     * Listening TCP sockets for one address family.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param family IPv4, or IPv6, which serves IPv4-mapped peers too unless the namespace forbids it
     * @return a factory for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace, SocketProtocolFamily family) {
        return server(namespace, of(family));
    }

    /**
     * TCP sockets that can connect to IPv4 and IPv6 (where the system has IPv6).
     *
     * @param namespace where; must stay open as long as the factory is used
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace) {
        return client(namespace, SocketOptions.NONE);
    }

    /**
     * TCP sockets of one address family.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param family that of the addresses they will bind and connect to
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace, SocketProtocolFamily family) {
        return client(namespace, of(family));
    }

    /**
     * Listening TCP sockets.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param options what they are to be like
     * @return a factory for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace, SocketOptions options) {
        return new NamespaceChannelFactory<>(namespace, options, EpollChannels.get()::server);
    }

    /**
     * TCP sockets that connect.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param options what they are to be like
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace, SocketOptions options) {
        return new NamespaceChannelFactory<>(namespace, options, EpollChannels.get()::client);
    }

    /**
     * UDP sockets for IPv4 and IPv6 at once (where the system has IPv6).
     *
     * @param namespace where; must stay open as long as the factory is used
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollDatagramChannel> datagram(NetworkNamespace namespace) {
        return datagram(namespace, SocketOptions.NONE);
    }

    /**
     * UDP sockets.
     *
     * @param namespace where; must stay open as long as the factory is used
     * @param options what they are to be like
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollDatagramChannel> datagram(NetworkNamespace namespace, SocketOptions options) {
        return new NamespaceChannelFactory<>(namespace, options, EpollChannels.get()::datagram);
    }

    private static SocketOptions of(SocketProtocolFamily family) {
        return SocketOptions.NONE.withFamily(switch (family) {
            case INET -> StandardProtocolFamily.INET;
            case INET6 -> StandardProtocolFamily.INET6;
            case UNIX -> StandardProtocolFamily.UNIX; // refused
        });
    }
}
