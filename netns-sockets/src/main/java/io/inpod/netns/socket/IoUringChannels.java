package io.inpod.netns.socket;

import io.inpod.netns.internal.NettyVersions;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import org.jspecify.annotations.Nullable;

/** Channels on io_uring. Netty lets a caller choose the family only for datagram channels. */
final class IoUringChannels implements TransportChannels {
    private IoUringChannels() {
        warmUp();
    }

    /** Initialised only where io_uring is available. */
    private static final class Holder {
        static final IoUringChannels INSTANCE = new IoUringChannels();
    }

    /** Null if io_uring can be used; otherwise why it can't. */
    static @Nullable String unavailability() {
        String refusal = IoUringSupport.refusal();
        if (refusal != null) {
            return refusal;
        }
        try {
            Throwable cause = IoUring.unavailabilityCause();
            return cause == null ? null : "Netty's native library for it can't be used: " + cause.getMessage()
                    + NettyVersions.mix().map(". "::concat).orElse("");
        } catch (NoClassDefFoundError e) {
            return "it is not among the application's dependencies: add io.netty:netty-transport-native-io_uring with the classifier"
                    + " linux-x86_64 or linux-aarch_64";
        }
    }

    /** Returns the constructors. Throws an exception with the reason if io_uring can't be used. */
    static IoUringChannels get() {
        String reason = unavailability();
        if (reason != null) {
            throw new UnsupportedOperationException("io_uring can't be used here; " + reason);
        }
        return Holder.INSTANCE;
    }

    @Override
    public IoHandlerFactory handlers() {
        return IoUringIoHandler.newFactory();
    }

    @Override
    public ServerSocketChannel server(@Nullable SocketProtocolFamily family) {
        refuse(family);
        return new IoUringServerSocketChannel();
    }

    @Override
    public SocketChannel client(@Nullable SocketProtocolFamily family) {
        refuse(family);
        return new IoUringSocketChannel();
    }

    @Override
    public DatagramChannel datagram(@Nullable SocketProtocolFamily family) {
        return family == null ? new IoUringDatagramChannel() : new IoUringDatagramChannel(family);
    }

    private static void refuse(@Nullable SocketProtocolFamily family) {
        if (family != null) {
            throw new UnsupportedOperationException(
                    "Netty's TCP channels on io_uring don't let you choose a family; leave it unset, or use epoll for " + family);
        }
    }
}
