package io.inpod.examples.ztunnel.health;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The answers of a port that their clients haven't read yet. They stay in memory, so the oldest connections are closed if they are too
 * long together: a client that doesn't read keeps nobody else from being answered. On one event loop alone.
 */
final class UnreadAnswers {
    /** How many bytes they may have, beside the last one; an answer with as many series as there may be has fewer. */
    static final int MOST_BYTES = 32 << 20;

    private final Map<Channel, Integer> lengths = new LinkedHashMap<>(); // the oldest first
    private long bytes;

    /** Makes room for another answer, before it is made. */
    void makeRoom() {
        while (bytes > MOST_BYTES) {
            Channel oldest = lengths.keySet().iterator().next();
            remove(oldest);
            oldest.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    /** Adds the answer of a connection, which is closed once it has been sent. */
    void add(Channel connection, int length) {
        lengths.put(connection, length);
        bytes += length;
        connection.closeFuture().addListener(closed -> remove(connection));
    }

    private void remove(Channel connection) {
        Integer length = lengths.remove(connection);
        if (length != null) {
            bytes -= length;
        }
    }
}
