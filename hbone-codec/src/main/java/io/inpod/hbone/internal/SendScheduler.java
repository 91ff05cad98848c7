package io.inpod.hbone.internal;

import io.netty.channel.Channel;
import java.util.ArrayDeque;

/**
 * Who may send how much. A tunnel sends at once while nobody waits; what the connection's window or the socket holds back is served in
 * rounds of {@value #QUANTUM} bytes, so that a bulk tunnel can't starve the others.
 */
final class SendScheduler {
    private static final int QUANTUM = 64 << 10;

    private final Channel connection;
    private final ArrayDeque<Stream> round = new ArrayDeque<>();
    private long window = Frames.DEFAULT_WINDOW;
    private @org.jspecify.annotations.Nullable Stream turn;
    private int quota;

    SendScheduler(Channel connection) {
        this.connection = connection;
    }

    /** How many bytes the stream may send now. If the connection is what stops it, it is called again when that changes. */
    int allowance(Stream stream) {
        if (stream.sendWindow <= 0) {
            return 0;
        }
        boolean itsTurn = turn == stream;
        if (window <= 0 || !connection.isWritable() || (itsTurn ? quota <= 0 : !round.isEmpty() || turn != null)) {
            enqueue(stream);
            return 0;
        }
        long most = Math.min(window, stream.sendWindow);
        return (int) Math.min(most, itsTurn ? quota : Integer.MAX_VALUE);
    }

    void sent(Stream stream, int bytes) {
        stream.sendWindow -= bytes;
        window -= bytes;
        if (turn == stream) {
            quota -= bytes;
        }
    }

    /** WINDOW_UPDATE for the connection. Returns false if the window overflows (RFC 9113 section 6.9.1). */
    boolean increase(int increment) {
        window += increment;
        return window <= Integer.MAX_VALUE;
    }

    /** Serves the round as far as window and socket permit. */
    void resume() {
        if (turn != null) {
            return;
        }
        while (window > 0 && connection.isWritable()) {
            Stream next = round.poll();
            if (next == null) {
                return;
            }
            next.waiting = false;
            StreamChannel channel = next.channel;
            if (next.closed || channel == null) {
                continue;
            }
            turn = next;
            quota = QUANTUM;
            try {
                channel.resumeWrite();
            } finally {
                turn = null;
            }
        }
    }

    private void enqueue(Stream stream) {
        if (!stream.waiting) {
            stream.waiting = true;
            round.add(stream);
        }
    }
}
