package io.inpod.tproxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;

/** Sets options so that a refusal is an error, not a line in a log. */
final class SocketOption {
    private SocketOption() {}

    static <T> void require(Channel channel, ChannelOption<T> option, T value) {
        try {
            if (channel.config().setOption(option, value)) {
                return;
            }
        } catch (ChannelException e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new ChannelException("setsockopt(" + option.name() + ", " + value + ") failed: " + reason.getMessage() + advice(option), e);
        }
        throw new ChannelException(channel.getClass().getSimpleName() + " has no option " + option.name());
    }

    private static String advice(ChannelOption<?> option) {
        return option.name().endsWith("MARK") || option.name().endsWith("TRANSPARENT")
                ? "; this needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace"
                : "";
    }
}
