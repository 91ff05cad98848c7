package io.inpod.examples.ztunnel.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;

/** Ends connections the hard way, so that nobody takes the end for a regular one. */
final class Resets {
    private Resets() {}

    /** From any thread. */
    static void reset(Channel channel) {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException e) {
            // it has been closed meanwhile, or its peer has reset it
        }
        channel.close();
    }
}
