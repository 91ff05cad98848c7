package io.inpod.tproxy.relay;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import java.time.Duration;

/**
 * Settings of a {@link Relay}.
 *
 * @param maxReadBytes the most that one read takes, at least 1024 bytes; buffers start smaller and grow to it
 * @param highWaterBytes unwritten bytes at which reading from the other side pauses, at least 1; one read may exceed it
 * @param lowWaterBytes unwritten bytes at which reading goes on, 1 to {@code highWaterBytes}
 * @param idleTimeout after how long without a byte either way the relay is reset; zero for never
 * @param halfClosedTimeout after how long with only one direction open the relay is reset; zero for never
 */
public record RelayOptions(int maxReadBytes, int highWaterBytes, int lowWaterBytes, Duration idleTimeout, Duration halfClosedTimeout) {
    private static final int MIN_READ_BYTES = 1024;
    private static final int FIRST_READ_BYTES = 16 * 1024;

    /** Reads of up to 256 KiB, water marks of 256 and 128 KiB, no timeouts: a peer that stalls makes a direction hold 512 KiB at most. */
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
     * Changes the timeouts.
     *
     * @param idle after how long without a byte either way the relay is reset; zero for never
     * @param halfClosed after how long with only one direction open the relay is reset; zero for never
     * @return options with these timeouts, otherwise like these
     */
    public RelayOptions withTimeouts(Duration idle, Duration halfClosed) {
        return new RelayOptions(maxReadBytes, highWaterBytes, lowWaterBytes, idle, halfClosed);
    }

    /**
     * Prepares a channel that will be relayed later, to be called from its initializer: switches automatic reading off and half
     * closure on, sizes its buffers, and parks what arrives all the same. (A peer that sends something and then closes makes Netty
     * read without being asked; without this the bytes would be lost while the other side is still being connected.) A reset closes
     * the channel, so its close future tells that the client is gone.
     *
     * @param channel a connected channel; from its event loop
     */
    public void prepare(Channel channel) {
        configure(channel);
        if (channel.pipeline().get(ParkedInput.class) == null) {
            channel.pipeline().addLast(new ParkedInput());
        }
    }

    /** Options that a kind of channel doesn't know don't concern it: setOption says false then. */
    void configure(Channel channel) {
        channel.config().setAutoRead(false);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(lowWaterBytes, highWaterBytes));
        channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(MIN_READ_BYTES, Math.min(FIRST_READ_BYTES, maxReadBytes), maxReadBytes));
    }
}
