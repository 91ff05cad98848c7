package io.inpod.netns.socket;

import io.inpod.netns.internal.NettyVersions;
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

    /** Initialised only where epoll is available. */
    private static final class Holder {
        static final EpollChannels INSTANCE = new EpollChannels();
    }

    /** Null if epoll can be used; otherwise why it can't. */
    static @Nullable String unavailability() {
        Throwable cause = Epoll.unavailabilityCause();
        return cause == null ? null : "Netty's native library for it can't be used: " + cause.getMessage()
                + NettyVersions.mix().map(". "::concat).orElse("");
    }

    /** Returns the constructors. Throws an exception with the reason if epoll can't be used. */
    static EpollChannels get() {
        String reason = unavailability();
        if (reason != null) {
            throw new UnsupportedOperationException("epoll can't be used here; " + reason);
        }
        return Holder.INSTANCE;
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
