package io.inpod.hbone.internal.stream;

import io.inpod.hbone.internal.frames.Frames;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Decides which stream may send how many bytes (RFC 9113 section 5.2). A tunnel sends immediately while no other tunnel waits. Streams held
 * back by the connection's window or the socket are served in rounds of {@value #QUANTUM} bytes, so that a bulk tunnel can't starve others.
 */
public final class SendScheduler {
    private static final int QUANTUM = 64 << 10;

    private final Channel connection;
    private final StreamTable table;
    private final QueuedBytes queued;
    private final ArrayDeque<Stream> round = new ArrayDeque<>();
    private long window = Frames.DEFAULT_WINDOW;
    private long streamSize = Frames.DEFAULT_WINDOW;
    private @Nullable Stream turn;
    private int quota;

    /** A scheduler that starts with the windows that HTTP/2 prescribes. */
    public SendScheduler(Channel connection, StreamTable table, QueuedBytes queued) {
        this.connection = connection;
        this.table = table;
        this.queued = queued;
    }

    /** The send window of a new stream. */
    long streamSize() {
        return streamSize;
    }

    /**
     * How many of so many bytes the stream may send now. If the connection holds it back, the stream's channel is called again when that
     * changes.
     */
    int allowance(Stream stream, int wanted) {
        if (stream.sendWindow() <= 0) {
            return 0;
        }
        boolean itsTurn = turn == stream;
        if (window <= 0 || !connection.isWritable() || (itsTurn ? quota <= 0 : !round.isEmpty() || turn != null)) {
            enqueue(stream);
            return 0;
        }
        long most = Math.min(Math.min(window, stream.sendWindow()), itsTurn ? Math.min(quota, wanted) : wanted);
        int allowed = queued.allowance((int) most);
        if (allowed == 0) {
            enqueue(stream);
        }
        return allowed;
    }

    void sent(Stream stream, int bytes) {
        stream.sent(bytes);
        window -= bytes;
        if (turn == stream) {
            quota -= bytes;
        }
    }

    /** WINDOW_UPDATE for the connection. Returns false if the window overflows (RFC 9113 section 6.9.1). */
    public boolean increase(int increment) {
        window += increment;
        return window <= Integer.MAX_VALUE;
    }

    /** WINDOW_UPDATE for a stream. Returns false if the window overflows. */
    public boolean increase(Stream stream, int increment) {
        return stream.growSendWindow(increment);
    }

    /** The peer's SETTINGS_INITIAL_WINDOW_SIZE, for open streams too (RFC 9113 section 6.9.2). Returns false if a window overflows. */
    public boolean resizeStreams(long size) {
        long change = size - streamSize;
        streamSize = size;
        for (Stream stream : table.streams()) {
            if (!stream.growSendWindow(change)) {
                return false;
            }
        }
        return true;
    }

    /** Serves the round as far as window and socket permit. */
    void resume() {
        if (turn != null) {
            return;
        }
        while (window > 0 && connection.isWritable() && queued.allowance(1) > 0) {
            Stream next = round.poll();
            if (next == null) {
                return;
            }
            next.leaveRound();
            StreamChannel channel = next.channel();
            if (next.isClosed() || channel == null) {
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
        if (stream.joinRound()) {
            round.add(stream);
        }
    }
}
