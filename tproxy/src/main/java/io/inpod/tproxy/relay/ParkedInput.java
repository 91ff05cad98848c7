package io.inpod.tproxy.relay;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Keeps a channel's input until its relay starts, in order. Automatic reading is off, so this is about one read. */
final class ParkedInput extends ChannelInboundHandlerAdapter {
    private @Nullable Queue<Object> data; // mostly there is none
    private boolean ended;
    private @Nullable Throwable failure;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (data == null) {
            data = new ArrayDeque<>();
        }
        data.add(message);
        ctx.channel().config().setAutoRead(false);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        switch (InputEnd.of(ctx.channel(), event)) {
            case REGULAR -> ended = true;
            case CUT_OFF -> failure = ended || failure != null ? failure : InputEnd.cutOff();
            case NONE -> ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        if (cause instanceof IOException) {
            ctx.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    /** {@return the next parked message, now the caller's to release, or null} */
    @Nullable
    Object poll() {
        return data == null ? null : data.poll();
    }

    boolean ended() {
        return ended;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (data != null && !ctx.channel().isOpen()) {
            data.forEach(ReferenceCountUtil::release);
            data.clear();
        }
    }
}
