package io.inpod.tproxy.relay;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a channel's input until its relay starts, in order, and then passes everything on to the relay. Automatic reading is off, so what
 * is kept is about one read.
 */
final class ParkedInput extends ChannelInboundHandlerAdapter {
    private final @Nullable RelayOptions options;
    private @Nullable Queue<Object> data; // mostly there is none
    private boolean ended;
    private @Nullable Throwable failure;
    private @Nullable RelayEnd relay;

    /** Prepares the channel with the options when it is added; null if the channel is prepared. */
    ParkedInput(@Nullable RelayOptions options) {
        this.options = options;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (options != null && ctx.pipeline().get(ParkedInput.class) != this) {
            ctx.pipeline().remove(this); // the channel is prepared already
        } else if (options != null) {
            options.configure(ctx.channel(), null);
            RelayOptions.resetIfProcessDies(ctx.channel());
        }
    }

    /** From now on the relay receives everything. What was kept is still to be {@linkplain #poll polled}. */
    void passTo(RelayEnd end) {
        relay = end;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (relay != null) {
            relay.channelRead(ctx, message);
            return;
        }
        if (data == null) {
            data = new ArrayDeque<>();
        }
        data.add(message);
        ctx.channel().config().setAutoRead(false);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (relay != null) {
            relay.channelReadComplete(ctx);
        } else {
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (relay != null) {
            relay.channelWritabilityChanged(ctx);
        } else {
            ctx.fireChannelWritabilityChanged();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (relay != null) {
            relay.channelInactive(ctx);
        } else {
            ctx.fireChannelInactive();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (relay != null) {
            relay.userEventTriggered(ctx, event);
            return;
        }
        switch (InputEnd.of(ctx.channel(), event)) {
            case REGULAR -> ended = true;
            case CUT_OFF -> failure = ended || failure != null ? failure : InputEnd.cutOff();
            case NONE -> ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (relay != null) {
            relay.exceptionCaught(ctx, cause);
            return;
        }
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
