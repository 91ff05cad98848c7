package io.inpod.hbone.internal.frames;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.Locale;
import java.util.function.Consumer;

/** Sits between TLS and HTTP/2 and prints the frames that pass, as {@code nghttp -v} does. */
public final class FrameLog extends ChannelDuplexHandler {
    private final long started = System.nanoTime();
    private final Consumer<String> log;
    private final FrameText received;
    private final FrameText sent;

    /** A log of one connection. */
    public FrameLog(Consumer<String> log, boolean server) {
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
    @SuppressWarnings("FutureReturnValueIgnored") // it is the caller's promise
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
