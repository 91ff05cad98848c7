package io.inpod.tproxy.relay;

import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Share;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a {@link Relay}.
 *
 * @param maxReadBytes the maximum size of one read, at least 1024 bytes; buffers start smaller and grow to it
 * @param highWaterBytes the number of unwritten bytes at which reading from the other side pauses, at least 1; one read may exceed it
 * @param lowWaterBytes the number of unwritten bytes at which reading continues, 1 to {@code highWaterBytes}
 * @param idleTimeout the time without a byte in either direction after which the relay is reset; zero for never
 * @param halfClosedTimeout the time with only one direction open after which the relay is reset; zero for never
 */
public record RelayOptions(int maxReadBytes, int highWaterBytes, int lowWaterBytes, Duration idleTimeout, Duration halfClosedTimeout) {
    private static final int MIN_READ_BYTES = 1024;

    /** Reads of up to 256 KiB, water marks of 256 and 128 KiB, no timeouts: if a peer stalls, a direction holds at most 512 KiB. */
    public static final RelayOptions DEFAULT = new RelayOptions(256 * 1024, 256 * 1024, 128 * 1024, Duration.ZERO, Duration.ZERO);

    /**
     * Checks the ranges.
     *
     * @param maxReadBytes see {@link RelayOptions}
     * @param highWaterBytes see {@link RelayOptions}
     * @param lowWaterBytes see {@link RelayOptions}
     * @param idleTimeout see {@link RelayOptions}
     * @param halfClosedTimeout see {@link RelayOptions}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public RelayOptions {
        if (maxReadBytes < MIN_READ_BYTES) {
            throw new IllegalArgumentException("maxReadBytes must be at least " + MIN_READ_BYTES + ", not " + maxReadBytes);
        }
        if (lowWaterBytes < 1 || highWaterBytes < lowWaterBytes) {
            throw new IllegalArgumentException("water marks must be 1 <= low <= high, not " + lowWaterBytes + " and " + highWaterBytes);
        }
        if (idleTimeout.isNegative() || halfClosedTimeout.isNegative()) {
            throw new IllegalArgumentException("a timeout is negative");
        }
    }

    /**
     * Returns options with other timeouts.
     *
     * @param idle see {@link RelayOptions}
     * @param halfClosed see {@link RelayOptions}
     * @return a copy with these timeouts
     */
    public RelayOptions withTimeouts(Duration idle, Duration halfClosed) {
        return new RelayOptions(maxReadBytes, highWaterBytes, lowWaterBytes, idle, halfClosed);
    }

    /**
     * Prepares a channel that will be relayed later; to be called by the channel's initializer. Switches automatic reading off and
     * half-close on, sets the sizes of its buffers, and keeps data that is read nevertheless until the relay starts. (When a peer resets
     * the connection, Netty reads once without a request; without {@link RelayIoHandler} also when it ends its output.) A reset closes the
     * channel unless unread data precedes it, so its close future shows that the client is gone. From now on, closing a socket without a
     * relay resets it, unless {@link Resets#notOnClose} is called: the kernel closes the sockets of a killed process, which must not look
     * like a regular end.
     *
     * @param channel a connected channel; called on its event loop
     */
    public void prepare(Channel channel) {
        configure(channel, null);
        if (channel.pipeline().get(ParkedInput.class) == null) {
            channel.pipeline().addLast(new ParkedInput(null));
            resetIfProcessDies(channel);
        }
    }

    /**
     * Returns a handler that {@linkplain #prepare prepares} the channel to whose pipeline it is added; for a connection or a tunnel that is
     * being opened.
     *
     * @return a handler for one channel
     */
    public ChannelHandler preparation() {
        return new ParkedInput(this);
    }

    static void resetIfProcessDies(Channel channel) {
        if (channel instanceof SocketChannel) { // the kernel knows nothing of other channels
            Resets.onClose(channel);
        }
    }

    /** Returns those that a channel has if they are right: a prepared channel is configured twice. */
    private WriteBufferWaterMark waterMarks(WriteBufferWaterMark now) {
        boolean same = now.low() == lowWaterBytes && now.high() == highWaterBytes;
        return same ? now : new WriteBufferWaterMark(lowWaterBytes, highWaterBytes);
    }

    /** Sets the options that this kind of channel has; for others setOption returns false. */
    void configure(Channel channel, @Nullable Share bytes) {
        channel.config().setAutoRead(false);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setWriteBufferWaterMark(waterMarks(channel.config().getWriteBufferWaterMark()));
        if (channel.config().getOption(ChannelOption.RECVBUF_ALLOCATOR) instanceof BoundedReads earlier && earlier.most() == maxReadBytes) {
            earlier.bound(bytes); // a channel that has been read would ignore another one
        } else {
            BoundedReads reads = new BoundedReads(maxReadBytes);
            reads.bound(bytes);
            channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, reads);
        }
    }
}
