package io.inpod.hbone.internal.stream;

import io.netty.channel.ChannelId;

/** A tunnel's identifier: its connection's, and the stream's. */
record StreamChannelId(ChannelId connection, int stream) implements ChannelId {
    @Override
    public String asShortText() {
        return connection.asShortText() + '/' + stream;
    }

    @Override
    public String asLongText() {
        return connection.asLongText() + '/' + stream;
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
