package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.netty.channel.ChannelFactory;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.StandardProtocolFamily;

/**
 * Creates {@linkplain ChannelFactory factories} of Netty channels on epoll whose sockets live in another network namespace. They work with
 * any bootstrap: an application changes one line. Binding, connecting and all I/O run on ordinary event loops, which never enter the
 * namespace.
 *
 * <pre>{@code
 * new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(namespace)).childHandler(...).bind(8080);
 * new Bootstrap().group(loops).channelFactory(NettyChannels.client(namespace)).handler(...).connect("10.0.0.2", 80);
 * }</pre>
 *
 * <p>A factory may be called on any platform thread; the namespace must stay open while the factory is used. It fails with
 * {@link io.netty.channel.ChannelException} if the namespace is closed or can't be entered, or the kernel refuses an option; the cause has
 * the details. Where epoll itself can't be used, creating a factory fails with {@link UnsupportedOperationException}. {@link Transport} has
 * the same methods for io_uring.
 *
 * <p>Close the channels before their event loops are shut down, or give {@code shutdownGracefully} a quiet period. With a quiet period of
 * zero Netty (observed with 4.2.18) may end a loop without closing its channels; their descriptors then stay open.
 */
public final class NettyChannels {
    private NettyChannels() {}

    /**
     * Returns a factory of listening TCP sockets for both IPv4 and IPv6 (where the system has IPv6).
     *
     * @param namespace the sockets' namespace
     * @return the factory, for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace) {
        return server(namespace, SocketOptions.NONE);
    }

    /**
     * Returns a factory of listening TCP sockets for one address family.
     *
     * @param namespace the sockets' namespace
     * @param family IPv4 or IPv6; an IPv6 socket also serves IPv4-mapped peers unless the namespace forbids it
     * @return the factory, for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace, SocketProtocolFamily family) {
        return server(namespace, of(family));
    }

    /**
     * Returns a factory of TCP sockets that can connect to IPv4 and IPv6 (where the system has IPv6).
     *
     * @param namespace the sockets' namespace
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace) {
        return client(namespace, SocketOptions.NONE);
    }

    /**
     * Returns a factory of TCP sockets that can connect to one address family.
     *
     * @param namespace the sockets' namespace
     * @param family the family of the addresses that they bind and connect to
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace, SocketProtocolFamily family) {
        return client(namespace, of(family));
    }

    /**
     * Returns a factory of listening TCP sockets with options.
     *
     * @param namespace the sockets' namespace
     * @param options the sockets' options
     * @return the factory, for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     */
    public static ChannelFactory<EpollServerSocketChannel> server(NetworkNamespace namespace, SocketOptions options) {
        return new NamespaceChannelFactory<>(namespace, options, EpollChannels.get()::server);
    }

    /**
     * Returns a factory of TCP sockets that can connect, with options.
     *
     * @param namespace the sockets' namespace
     * @param options the sockets' options
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollSocketChannel> client(NetworkNamespace namespace, SocketOptions options) {
        return new NamespaceChannelFactory<>(namespace, options, EpollChannels.get()::client);
    }

    /**
     * Returns a factory of UDP sockets for both IPv4 and IPv6 (where the system has IPv6).
     *
     * @param namespace the sockets' namespace
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     */
    public static ChannelFactory<EpollDatagramChannel> datagram(NetworkNamespace namespace) {
        return datagram(namespace, SocketOptions.NONE);
    }

    /**
     * Returns a factory of UDP sockets with options.
     *
     * @param namespace the sockets' namespace
     * @param options the sockets' options
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
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
