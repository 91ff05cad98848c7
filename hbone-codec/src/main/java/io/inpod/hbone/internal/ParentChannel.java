package io.inpod.hbone.internal;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;

/** Options of the TCP channel that carries tunnels. */
final class ParentChannel {
    private ParentChannel() { }

    static void configure(Channel channel) {
        AdaptiveRecvByteBufAllocator reads = new AdaptiveRecvByteBufAllocator(1024, 16 << 10, 128 << 10);
        reads.maxMessagesPerRead(4);
        channel.config().setRecvByteBufAllocator(reads);
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(256 << 10, 512 << 10));
        channel.config().setAutoRead(true);
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
    }
}
