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
 * The way in which Netty's event loops wait for sockets. Event loops and channels must use the same transport:
 *
 * <pre>{@code
 * Transport transport = Transport.IO_URING.isAvailable() ? Transport.IO_URING : Transport.EPOLL;
 * EventLoopGroup loops = new MultiThreadIoEventLoopGroup(transport.handlers());
 * new ServerBootstrap().group(loops).channelFactory(transport.server(namespace, options)).childHandler(...).bind(8080);
 * }</pre>
 *
 * <p>The factories may be called on any platform thread; the namespace must stay open while they are used. They fail with
 * {@link io.netty.channel.ChannelException} if the namespace is closed or can't be entered, or the kernel refuses an option; the
 * cause has the details.
 */
public enum Transport {
    /** Available on every Linux; the right choice unless there is a reason for the other. */
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
     * Batches system calls, see io_uring(7). Many container runtimes forbid it. It doesn't support a choice of
     * {@linkplain SocketOptions#family family} for TCP sockets. Needs the dependency {@code io.netty:netty-transport-native-io_uring}.
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
     * Returns the factory that creates event loops for these channels.
     *
     * @return the factory, for {@link io.netty.channel.MultiThreadIoEventLoopGroup}
     * @throws UnsupportedOperationException with the reason if the transport isn't available
     */
    public IoHandlerFactory handlers() {
        return channels().handlers();
    }

    /**
     * Returns a factory of listening TCP sockets.
     *
     * @param namespace the sockets' namespace
     * @param options the sockets' options
     * @return the factory, for {@link io.netty.bootstrap.ServerBootstrap#channelFactory}
     * @throws UnsupportedOperationException with the reason if the transport isn't available
     */
    public ChannelFactory<ServerSocketChannel> server(NetworkNamespace namespace, SocketOptions options) {
        TransportChannels channels = channels();
        return new NamespaceChannelFactory<>(namespace, options, channels::server);
    }

    /**
     * Returns a factory of TCP sockets that can connect.
     *
     * @param namespace the sockets' namespace
     * @param options the sockets' options
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     * @throws UnsupportedOperationException with the reason if the transport isn't available
     */
    public ChannelFactory<SocketChannel> client(NetworkNamespace namespace, SocketOptions options) {
        TransportChannels channels = channels();
        return new NamespaceChannelFactory<>(namespace, options, channels::client);
    }

    /**
     * Returns a factory of UDP sockets.
     *
     * @param namespace the sockets' namespace
     * @param options the sockets' options
     * @return the factory, for {@link io.netty.bootstrap.Bootstrap#channelFactory}
     * @throws UnsupportedOperationException with the reason if the transport isn't available
     */
    public ChannelFactory<DatagramChannel> datagram(NetworkNamespace namespace, SocketOptions options) {
        TransportChannels channels = channels();
        return new NamespaceChannelFactory<>(namespace, options, channels::datagram);
    }

    static @Nullable SocketProtocolFamily family(@Nullable StandardProtocolFamily family) {
        return family == null ? null : family == StandardProtocolFamily.INET ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
    }
}
