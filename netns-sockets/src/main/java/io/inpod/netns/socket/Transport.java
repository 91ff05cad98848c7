package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.StandardProtocolFamily;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How Netty's event loops wait for sockets. Event loops and channels must be of the same transport:
 *
 * <pre>{@code
 * Transport transport = Transport.IO_URING.isAvailable() ? Transport.IO_URING : Transport.EPOLL;
 * EventLoopGroup loops = new MultiThreadIoEventLoopGroup(transport.handlers());
 * new ServerBootstrap().group(loops).channelFactory(transport.server(namespace, options)).childHandler(...).bind(8080);
 * }</pre>
 *
 * <p>The factories may be called on any platform thread; the namespace must stay open as long as they are used. They fail with
 * {@link io.netty.channel.ChannelException} if the namespace is closed or can't be entered, or the kernel refuses an option; the
 * cause says which and why.
 */
public enum Transport {
    /** Of every Linux; the one to take without a reason for another. */
    EPOLL {
        @Override
        public Optional<String> unavailability() {
            return Optional.ofNullable(EpollChannels.unavailability());
        }

        @Override
        TransportChannels channels() {
            return EpollChannels.get();
        }
    },

    /**
     * Takes system calls together, see io_uring(7). Many container runtimes forbid it. Its TCP sockets have no choice of
     * {@linkplain SocketOptions#family family}. Needs the dependency {@code io.netty:netty-transport-native-io_uring}.
     */
    IO_URING {
        @Override
        public Optional<String> unavailability() {
            return Optional.ofNullable(IoUringChannels.unavailability());
        }

        @Override
        TransportChannels channels() {
            return IoUringChannels.get();
        }
    };

    abstract TransportChannels channels();

    /** {@return why this process can't use it here (kernel, sysctl, seccomp filter, missing dependency); empty if it can} */
    public abstract Optional<String> unavailability();

    /** {@return whether this process can use it here} */
    public boolean isAvailable() {
        return unavailability().isEmpty();
    }

    /**
     * What makes event loops for these channels.
     *
     * @return the argument of {@link io.netty.channel.MultiThreadIoEventLoopGroup}
     * @throws UnsupportedOperationException if the transport isn't available, saying why
     */
    public IoHandlerFactory handlers() {
        return channels().handlers();
    }

    /**
     * Listening TCP sockets.
     *
     * @param namespace where
     * @param options what they are to be like
     * @return a factory for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     * @throws UnsupportedOperationException if the transport isn't available, saying why
     */
    public ChannelFactory<ServerSocketChannel> server(NetworkNamespace namespace, SocketOptions options) {
        TransportChannels channels = channels();
        return new NamespaceChannelFactory<>(namespace, options, channels::server);
    }

    /**
     * TCP sockets that connect.
     *
     * @param namespace where
     * @param options what they are to be like
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     * @throws UnsupportedOperationException if the transport isn't available, saying why
     */
    public ChannelFactory<SocketChannel> client(NetworkNamespace namespace, SocketOptions options) {
        TransportChannels channels = channels();
        return new NamespaceChannelFactory<>(namespace, options, channels::client);
    }

    /**
     * UDP sockets.
     *
     * @param namespace where
     * @param options what they are to be like
     * @return a factory for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     * @throws UnsupportedOperationException if the transport isn't available, saying why
     */
    public ChannelFactory<DatagramChannel> datagram(NetworkNamespace namespace, SocketOptions options) {
        TransportChannels channels = channels();
        return new NamespaceChannelFactory<>(namespace, options, channels::datagram);
    }

    static @Nullable SocketProtocolFamily family(@Nullable StandardProtocolFamily family) {
        return family == null ? null : family == StandardProtocolFamily.INET ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
    }
}
