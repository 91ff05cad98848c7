package io.inpod.tproxy.relay;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;

/** Prepares a channel for a relay as soon as it is added to the channel's pipeline, and removes itself. */
@Sharable
final class RelayPreparation extends ChannelHandlerAdapter {
    private final RelayOptions options;

    RelayPreparation(RelayOptions options) {
        this.options = options;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        options.prepare(ctx.channel());
        ctx.pipeline().remove(this);
    }
}
