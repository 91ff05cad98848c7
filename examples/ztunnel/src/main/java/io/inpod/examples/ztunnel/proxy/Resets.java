package io.inpod.examples.ztunnel.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;

/** Ends connections the hard way, so that nobody takes the end for a regular one. */
final class Resets {
    private Resets() {}

    static void reset(Channel channel) {
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        channel.close();
    }
}
