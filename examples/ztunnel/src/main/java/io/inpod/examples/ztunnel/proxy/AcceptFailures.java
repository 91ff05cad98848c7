package io.inpod.examples.ztunnel.proxy;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A listener that can't accept (out of file descriptors, mostly) says so and rests for a second, rather than spin. */
@ChannelHandler.Sharable
final class AcceptFailures extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");
    private static final int REST_SECONDS = 1;

    private final PodContext pod;

    AcceptFailures(PodContext pod) {
        this.pod = pod;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (context.channel().config().isAutoRead()) {
            LOG.warn("can't accept connections on {} of {}, trying again in {} s: {}", context.channel().localAddress(), pod.namespace(), REST_SECONDS,
                    AccessLog.words(cause));
            context.channel().config().setAutoRead(false);
            context.executor().schedule(() -> context.channel().config().setAutoRead(true), REST_SECONDS, TimeUnit.SECONDS);
        }
    }
}
