package io.inpod.hbone.internal;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;

/** Options of the TCP channel that carries tunnels. */
final class ParentChannel {
    /**
     * Netty's epoll channels know it by this name; others say that they don't. What the kernel has taken can't be put in turn any more, and by itself it
     * takes megabytes: without this bound a small tunnel's bytes wait behind all that a bulk tunnel has sent.
     */
    private static final ChannelOption<Long> NOT_SENT_LOW_AT = ChannelOption.valueOf("io.netty.channel.epoll.EpollChannelOption#TCP_NOTSENT_LOWAT");

    private static final long UNSENT = 256 << 10;

    private ParentChannel() { }

    static void configure(Channel channel) {
        AdaptiveRecvByteBufAllocator reads = new AdaptiveRecvByteBufAllocator(1024, 16 << 10, 128 << 10);
        reads.maxMessagesPerRead(4);
        channel.config().setRecvByteBufAllocator(reads);
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(256 << 10, 512 << 10));
        channel.config().setAutoRead(true);
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(NOT_SENT_LOW_AT, UNSENT);
    }
}
