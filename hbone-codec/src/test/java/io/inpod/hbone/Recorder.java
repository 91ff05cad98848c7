package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Records a channel's events, in order: bytes as text, "EOF", "EOF-complete", "reset: ...", "inactive". */
final class Recorder extends ChannelInboundHandlerAdapter {
    final LinkedBlockingQueue<String> log = new LinkedBlockingQueue<>();
    final AtomicLong bytes = new AtomicLong();
    private final boolean halfClosure;
    private final boolean autoRead;
    private final StringBuilder text = new StringBuilder();
    volatile @Nullable TunnelChannel channel;

    Recorder() {
        this(true, true);
    }

    Recorder(boolean halfClosure, boolean autoRead) {
        this.halfClosure = halfClosure;
        this.autoRead = autoRead;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, halfClosure);
        ctx.channel().config().setAutoRead(autoRead);
        channel = (TunnelChannel) ctx.channel();
    }

    TunnelChannel channel() {
        return java.util.Objects.requireNonNull(channel);
    }

    ChannelFuture write(String s) {
        return channel().writeAndFlush(Unpooled.copiedBuffer(s, StandardCharsets.UTF_8));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf buffer = (ByteBuf) message;
        bytes.addAndGet(buffer.readableBytes());
        if (buffer.readableBytes() < 16_384) {
            text.append(buffer.toString(StandardCharsets.UTF_8).replace("\0", ""));
        }
        buffer.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        say();
    }

    private void say() {
        if (text.length() > 0) {
            log.add(text.toString());
            text.setLength(0);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        say();
        if (event instanceof ChannelInputShutdownEvent) {
            log.add("EOF");
        } else if (event instanceof ChannelInputShutdownReadComplete) {
            log.add("EOF-complete");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        say();
        log.add((cause instanceof TunnelResetException ? "reset: " : "exception: ") + cause.getMessage());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        say();
        log.add("inactive");
    }

    /** Checks the next events. */
    void expect(String... events) throws InterruptedException {
        List<String> found = new ArrayList<>();
        for (int i = 0; i < events.length; i++) {
            found.add(next());
        }
        assertThat(found).containsExactly(events);
    }

    String next() throws InterruptedException {
        String said = log.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        return said == null ? "(nothing)" : said;
    }
}
