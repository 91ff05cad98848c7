package io.inpod.examples.ztunnel.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;

/**
 * A pod's questions over TCP, one after the other: the next is read when the answer to the one before has been written, so that a client
 * that doesn't read its answers can't make them pile up. A connection on which nothing happens is closed.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7766">RFC 7766</a>
 */
public final class DnsTcp extends SimpleChannelInboundHandler<ByteBuf> {
    private static final int MOST_BYTES = 65_535;
    private static final int LENGTH = 2;
    private static final int IDLE_SECONDS = 10;
    private final DnsProxy proxy;
    private final InetAddress client;

    private DnsTcp(DnsProxy proxy, InetAddress client) {
        this.proxy = proxy;
        this.client = client;
    }

    /**
     * Serves a connection.
     *
     * @param pipeline the connection's; automatic reading is off, and stays off
     * @param proxy answers
     * @param client the client's address
     */
    public static void serve(ChannelPipeline pipeline, DnsProxy proxy, InetAddress client) {
        pipeline.addLast(new IdleStateHandler(0, 0, IDLE_SECONDS, TimeUnit.SECONDS),
                new LengthFieldBasedFrameDecoder(MOST_BYTES + LENGTH, 0, LENGTH, 0, LENGTH), new LengthFieldPrepender(LENGTH),
                new FlowControlHandler(),
                new DnsTcp(proxy, client));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        if (context.channel().isActive()) {
            context.read();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.read();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
        proxy.answer(context.channel().eventLoop(), client, message, true, answer -> {
            if (context.channel().isActive()) {
                context.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE_ON_FAILURE)
                        .addListener(written -> context.read());
            } else {
                answer.release();
            }
        });
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof IdleStateEvent) {
            context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }
}
