package io.inpod.hbone.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;

/** The only handler of the tunnel behind a {@link TunnelSocket}: passes on what the tunnel receives, and how it ends. */
final class TunnelBridge extends ChannelInboundHandlerAdapter {
    private final TunnelSocket socket;

    TunnelBridge(TunnelSocket socket) {
        this.socket = socket;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(false); // the socket reads
        ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true); // and decides what the end means
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        socket.pipeline().fireChannelRead(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        socket.pipeline().fireChannelReadComplete();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            socket.inputEnded();
        } else if (!(event instanceof ChannelInputShutdownReadComplete)) {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        socket.pipeline().fireExceptionCaught(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (socket.isActive()) {
            socket.unsafe().close(socket.voidPromise());
        }
    }
}
