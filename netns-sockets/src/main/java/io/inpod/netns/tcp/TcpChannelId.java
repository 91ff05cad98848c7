package io.inpod.netns.tcp;

import io.netty.channel.ChannelId;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A connection's identifier, in a third of the memory of Netty's.
 *
 * @param number a random number
 */
record TcpChannelId(long number) implements ChannelId {
    private static final HexFormat HEX = HexFormat.of();

    static TcpChannelId random() {
        return new TcpChannelId(ThreadLocalRandom.current().nextLong());
    }

    @Override
    public String asShortText() {
        return HEX.toHexDigits((int) number);
    }

    @Override
    public String asLongText() {
        return HEX.toHexDigits(number);
    }

    @Override
    public int compareTo(ChannelId other) {
        return asLongText().compareTo(other.asLongText());
    }

    @Override
    public String toString() {
        return asShortText();
    }
}
