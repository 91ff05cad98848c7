package io.inpod.netns.socket;

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

/** Channels on io_uring. Netty has a choice of family for datagrams alone. */
final class IoUringChannels implements TransportChannels {
    private IoUringChannels() {
        warmUp();
    }

    /** Made after it is known that it can be. */
    private static final class Made {
        static final IoUringChannels INSTANCE = new IoUringChannels();
    }

    /** Null if it can be used; otherwise why not. */
    static @Nullable String unavailability() {
        String refusal = IoUringSupport.refusal();
        if (refusal != null) {
            return refusal;
        }
        try {
            Throwable cause = IoUring.unavailabilityCause();
            return cause == null ? null : "Netty's part for it can't be used: " + cause.getMessage();
        } catch (NoClassDefFoundError e) {
            return "it is not among the application's dependencies: add io.netty:netty-transport-native-io_uring with the classifier"
                    + " linux-x86_64 or linux-aarch_64";
        }
    }

    /** The constructors, or an error that says why there are none. */
    static IoUringChannels get() {
        String reason = unavailability();
        if (reason != null) {
            throw new UnsupportedOperationException("io_uring can't be used here; " + reason);
        }
        return Made.INSTANCE;
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
                    "Netty's TCP channels on io_uring have no choice of family; leave it open, or use epoll for " + family);
        }
    }
}
