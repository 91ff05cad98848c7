package io.inpod.netns.socket;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import org.jspecify.annotations.Nullable;

/** Channels on epoll. */
final class EpollChannels implements TransportChannels {
    private EpollChannels() {
        warmUp();
    }

    /** Made after it is known that it can be. */
    private static final class Made {
        static final EpollChannels INSTANCE = new EpollChannels();
    }

    /** Null if it can be used; otherwise why not. */
    static @Nullable String unavailability() {
        Throwable cause = Epoll.unavailabilityCause();
        return cause == null ? null : "Netty's part for it can't be used: " + cause.getMessage();
    }

    /** The constructors, or an error that says why there are none. */
    static EpollChannels get() {
        String reason = unavailability();
        if (reason != null) {
            throw new UnsupportedOperationException("epoll can't be used here; " + reason);
        }
        return Made.INSTANCE;
    }

    @Override
    public IoHandlerFactory handlers() {
        return EpollIoHandler.newFactory();
    }

    @Override
    public EpollServerSocketChannel server(@Nullable SocketProtocolFamily family) {
        return family == null ? new EpollServerSocketChannel() : new EpollServerSocketChannel(family);
    }

    @Override
    public EpollSocketChannel client(@Nullable SocketProtocolFamily family) {
        return family == null ? new EpollSocketChannel() : new EpollSocketChannel(family);
    }

    @Override
    public EpollDatagramChannel datagram(@Nullable SocketProtocolFamily family) {
        return family == null ? new EpollDatagramChannel() : new EpollDatagramChannel(family);
    }
}
