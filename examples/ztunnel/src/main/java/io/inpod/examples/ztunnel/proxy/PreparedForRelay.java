package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.relay.RelayOptions;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;

/** Makes a new upstream channel ready for a relay before anything of it is read. */
@Sharable
final class PreparedForRelay extends ChannelHandlerAdapter {
    static final PreparedForRelay INSTANCE = new PreparedForRelay();

    private PreparedForRelay() {}

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        RelayOptions.DEFAULT.prepare(ctx.channel());
        ctx.pipeline().remove(this);
    }
}
