package io.inpod.tproxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;

/**
 * Ends TCP connections with a reset, so that the peer can't mistake a failure for a regular end of the data: with SO_LINGER 0 the kernel
 * sends RST instead of FIN and drops what is still unsent, see socket(7). It does so too if the process is killed. May be used from any
 * thread.
 */
public final class Resets {
    private Resets() {}

    /**
     * Resets a connection.
     *
     * @param channel a registered channel: a socket, or another channel that knows SO_LINGER, such as an HBONE tunnel
     */
    public static void reset(Channel channel) {
        onClose(channel);
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    /**
     * Prepares a connection so that closing it, in whatever way, resets it. Does nothing if the connection is closed already or its peer
     * has reset it.
     *
     * @param channel a channel, registered or not
     */
    public static void onClose(Channel channel) {
        linger(channel, 0);
    }

    /**
     * Undoes {@link #onClose}: closing the connection ends it in order again, and what is unsent is still sent.
     *
     * @param channel a channel, registered or not
     */
    public static void notOnClose(Channel channel) {
        linger(channel, -1);
    }

    private static void linger(Channel channel, int seconds) {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, seconds);
        } catch (ChannelException gone) {
            // the kernel has already ended the connection
        }
    }
}
