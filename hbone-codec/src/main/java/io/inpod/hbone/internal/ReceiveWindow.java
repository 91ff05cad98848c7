package io.inpod.hbone.internal;

import io.inpod.hbone.HboneOptions;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.collection.IntObjectMap;
import org.jspecify.annotations.Nullable;

/**
 * What the peer may send (RFC 9113 section 5.2).
 *
 * <p>A tunnel gets credit back when it is read, in quarters of its window. The connection gets it back as soon as bytes arrive, so that
 * tunnels which nobody reads don't stop the others. That costs memory, which is bounded: once unread bytes exceed a connection window, all tunnels
 * get windows so small that they fit into one more connection window together. The peer may still have one connection window under way when
 * it hears of that; so what it keeps unread stays below three, and the fourth is for the tunnels that are read. A peer that doesn't obey
 * stops itself there.
 */
final class ReceiveWindow {
    private static final int SMALLEST = 4096;

    private final int full;
    private final int squeezed;
    private final int connectionSize;
    private final long limit;
    private final FrameWriter writer;
    private final IntObjectMap<Stream> streams;
    private int connection;
    private long unread;
    /** The stream window that the peer was told, and the one that we hold it to (until it has acknowledged a smaller one). */
    private int announced;
    private int enforced;
    private int unacknowledged = 1;
    private int acknowledgementsUntilChange;

    ReceiveWindow(HboneOptions options, FrameWriter writer, IntObjectMap<Stream> streams) {
        int most = options.limits().maxConcurrentStreams();
        this.full = options.windows().stream();
        this.connectionSize = options.windows().connection();
        this.squeezed = Math.min(full, Math.max(SMALLEST, connectionSize / most));
        this.limit = 3L * connectionSize + (long) most * squeezed;
        this.connection = connectionSize;
        this.announced = full;
        this.enforced = full;
        this.writer = writer;
        this.streams = streams;
    }

    /** Tells the peer that the connection's window is larger than HTTP/2's default. */
    void open() {
        if (connectionSize > Frames.DEFAULT_WINDOW) {
            writer.windowUpdate(0, connectionSize - Frames.DEFAULT_WINDOW);
        }
    }

    /** The window of a new stream. */
    int streamSize() {
        return enforced;
    }

    /** Flow-controlled bytes that have come. */
    void received(int bytes) throws ConnectionError {
        connection -= bytes;
        if (connection < 0) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "connection window exceeded");
        }
        unread += bytes;
        adjust();
        refill();
    }

    /** Bytes that were read, or thrown away. */
    void credit(@Nullable Stream stream, int bytes) {
        if (bytes == 0) {
            return;
        }
        unread -= bytes;
        if (stream != null && !stream.closed && !stream.remoteEnded) {
            stream.unreturned += bytes;
            give(stream);
        }
        adjust();
        refill();
    }

    /** The peer has acknowledged a SETTINGS frame. */
    void settingsAcknowledged() {
        if (unacknowledged > 0) {
            unacknowledged--;
        }
        if (acknowledgementsUntilChange > 0 && --acknowledgementsUntilChange == 0) {
            if (announced < enforced) {
                enforce(announced);
            }
            adjust();
        }
    }

    private void refill() {
        long n = Math.min(connectionSize - connection, limit - unread - connection);
        if (n >= connectionSize / 4) {
            connection += (int) n;
            writer.windowUpdate(0, (int) n);
        }
    }

    private void give(Stream stream) {
        if (stream.unreturned >= announced / 4) {
            stream.receiveWindow += stream.unreturned;
            writer.windowUpdate(stream.id, stream.unreturned);
            stream.unreturned = 0;
        }
    }

    /** Under pressure tunnels get small windows, and large ones again when it is gone. One change at a time. */
    private void adjust() {
        boolean small = announced < full;
        if (acknowledgementsUntilChange > 0 || squeezed == full || (small ? unread >= connectionSize / 2 : unread <= connectionSize)) {
            return;
        }
        announced = small ? full : squeezed;
        writer.settings(PeerSettings.INITIAL_WINDOW_SIZE, announced);
        acknowledgementsUntilChange = ++unacknowledged;
        if (announced > enforced) {
            enforce(announced);
        }
        // What was held back as less than a quarter of a large window may be several small ones.
        streams.values().forEach(s -> {
            if (!s.remoteEnded && s.unreturned > 0) {
                give(s);
            }
        });
    }

    private void enforce(int size) {
        int change = size - enforced;
        enforced = size;
        streams.values().forEach(s -> s.receiveWindow += change);
    }
}
