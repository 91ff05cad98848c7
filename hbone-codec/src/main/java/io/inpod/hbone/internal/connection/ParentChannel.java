package io.inpod.hbone.internal.connection;

import io.inpod.hbone.HboneMemory;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/** The options of a TCP channel that carries tunnels. */
public final class ParentChannel {
    /**
     * The name of the option in Netty's epoll transport; other channels ignore it. Bytes that the kernel has accepted can't be reordered,
     * and by default it accepts megabytes: without this bound a small tunnel's bytes would wait behind everything that a bulk tunnel has
     * sent.
     */
    private static final ChannelOption<Long> NOT_SENT_LOW_AT =
            ChannelOption.valueOf("io.netty.channel.epoll.EpollChannelOption#TCP_NOTSENT_LOWAT");

    private static final long UNSENT = 256 << 10;
    private static final AttributeKey<HboneMemory.Account> ACCOUNT = AttributeKey.valueOf(ParentChannel.class, "account");

    private ParentChannel() {}

    /** Sets the options. */
    public static void configure(Channel channel, HboneMemory memory) {
        channel.config().setRecvByteBufAllocator(new BoundedReads(account(channel, memory)));
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(256 << 10, 512 << 10));
        channel.config().setAutoRead(true);
        channel.config().setAutoClose(false); // a failed write leaves what was received readable
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(NOT_SENT_LOW_AT, UNSENT);
    }

    /** Returns the connection's account, which is asked for once. */
    static HboneMemory.Account account(Channel channel, HboneMemory memory) {
        HboneMemory.@Nullable Account known = channel.attr(ACCOUNT).get();
        if (known != null) {
            return known;
        }
        HboneMemory.Account account = memory.of(channel);
        channel.attr(ACCOUNT).set(account);
        return account;
    }
}
