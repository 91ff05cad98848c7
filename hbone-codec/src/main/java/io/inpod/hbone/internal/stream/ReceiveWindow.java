package io.inpod.hbone.internal.stream;

import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.FrameWriter;
import io.inpod.hbone.internal.frames.Frames;
import io.inpod.hbone.internal.frames.SettingId;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/**
 * Decides how many bytes the peer may send (RFC 9113 section 5.2).
 *
 * <p>A tunnel's credit returns when the tunnel is read, in quarters of its window. The connection's credit returns when bytes arrive, so
 * that unread tunnels don't stop the others. That costs memory, which is bounded: once unread bytes exceed one connection window, all
 * tunnels get windows so small that together they fit into one more connection window. The peer may still have a connection window in
 * flight when those SETTINGS reach it, so unread bytes stay below three connection windows; the fourth is for the tunnels that are read. A
 * peer that ignores the smaller windows stops itself there.
 */
public final class ReceiveWindow {
    private static final int SMALLEST = 4096;

    private final int full;
    private final int squeezed;
    private final int connectionSize;
    private final long limit;
    private final FrameWriter writer;
    private final StreamTable table;
    private int connection;
    private long unread;
    /** The stream window in our latest SETTINGS, and the one that we enforce; they differ until the peer has acknowledged a smaller one. */
    private int announced;
    private int enforced;
    private int unacknowledged = 1;
    private int acknowledgementsUntilChange;

    /** The windows of a new connection. */
    public ReceiveWindow(HboneOptions options, FrameWriter writer, StreamTable table) {
        int most = options.limits().maxConcurrentStreams();
        this.full = options.windows().stream();
        this.connectionSize = options.windows().connection();
        this.squeezed = Math.min(full, Math.max(SMALLEST, connectionSize / most));
        this.limit = 3L * connectionSize + (long) most * squeezed;
        this.connection = connectionSize;
        this.announced = full;
        this.enforced = full;
        this.writer = writer;
        this.table = table;
    }

    /** Announces a connection window that is larger than HTTP/2's default. */
    public void open() {
        if (connectionSize > Frames.DEFAULT_WINDOW) {
            writer.windowUpdate(0, connectionSize - Frames.DEFAULT_WINDOW);
        }
    }

    /** The receive window of a new stream. */
    int streamSize() {
        return enforced;
    }

    /** Counts a DATA frame against the connection's window. */
    public void received(int bytes) throws ConnectionError {
        connection -= bytes;
        if (connection < 0) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "connection window exceeded");
        }
        unread += bytes;
        adjust();
        refill();
    }

    /** Counts a DATA frame against its stream's window; returns false if that is exceeded. */
    public boolean received(Stream stream, int bytes) {
        return stream.received(bytes);
    }

    /** Returns credit for bytes that were read or dropped. */
    void credit(@Nullable Stream stream, int bytes) {
        if (bytes == 0) {
            return;
        }
        unread -= bytes;
        if (stream != null && !stream.isClosed() && !stream.isRemoteEnded()) {
            giveBack(stream, stream.read(bytes));
        }
        adjust();
        refill();
    }

    /** Whether so much is unread that tunnels have small windows. */
    boolean isTight() {
        return announced < full;
    }

    /** The peer has acknowledged a SETTINGS frame. */
    public void settingsAcknowledged() {
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

    private void giveBack(Stream stream, int unreturned) {
        if (unreturned >= announced / 4) {
            writer.windowUpdate(stream.id(), stream.giveBack());
        }
    }

    /** Gives tunnels small windows under memory pressure, and large ones once it is over. One change at a time. */
    private void adjust() {
        boolean small = announced < full;
        if (acknowledgementsUntilChange > 0 || squeezed == full || (small ? unread >= connectionSize / 2 : unread <= connectionSize)) {
            return;
        }
        announced = small ? full : squeezed;
        writer.settings(SettingId.INITIAL_WINDOW_SIZE, announced);
        acknowledgementsUntilChange = ++unacknowledged;
        if (announced > enforced) {
            enforce(announced);
        }
        // Less than a quarter of a large window may be several small windows.
        table.streams().forEach(s -> {
            if (!s.isRemoteEnded() && s.unreturned() > 0) {
                giveBack(s, s.unreturned());
            }
        });
    }

    private void enforce(int size) {
        int change = size - enforced;
        enforced = size;
        table.streams().forEach(s -> s.resizeReceiveWindow(change));
    }
}
