package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.RelayOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;

/** Makes a new upstream channel ready for a relay before anything of it is read. */
final class PreparedForRelay extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel channel) {
        RelayOptions.DEFAULT.prepare(channel);
    }
}
