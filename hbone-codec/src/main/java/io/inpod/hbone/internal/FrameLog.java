package io.inpod.hbone.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.Locale;
import java.util.function.Consumer;

/** Between TLS and HTTP/2: prints the frames that pass, as {@code nghttp -v} does. */
final class FrameLog extends ChannelDuplexHandler {
    private final long started = System.nanoTime();
    private final Consumer<String> log;
    private final FrameText received;
    private final FrameText sent;

    FrameLog(Consumer<String> log, boolean server) {
        this.log = log;
        this.received = new FrameText("recv", server, this::print);
        this.sent = new FrameText("send", !server, this::print);
    }

    private void print(String line) {
        log.accept(line.startsWith(" ") ? line : String.format(Locale.ROOT, "[%7.3f] %s", (System.nanoTime() - started) * 1e-9, line));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        received.bytes(((ByteBuf) message).duplicate());
        ctx.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        sent.bytes(((ByteBuf) message).duplicate());
        ctx.write(message, promise);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        received.release();
        sent.release();
    }
}
