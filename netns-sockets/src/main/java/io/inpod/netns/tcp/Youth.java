package io.inpod.netns.tcp;

import io.inpod.netns.socket.PreparedOptions;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A connection's options that are set late: after {@link YoungConnections#MILLIS}, or before it has been given {@link #LITTLE} bytes to
 * send, whichever comes first. Most connections end before. On the event loop only.
 */
final class Youth {
    /** Less than a socket accepts at once. */
    static final int LITTLE = 64 << 10;

    private final TcpChannel channel;
    private @Nullable PreparedOptions late;
    private @Nullable YoungConnections all;
    private long bytes;

    // Its place among the young connections of its event loop.
    long since;
    @Nullable
    Youth earlier;
    @Nullable
    Youth later;

    Youth(TcpChannel channel, @Nullable PreparedOptions late) {
        this.channel = channel;
        this.late = late;
    }

    /** The connection is established, or has come from another event loop. */
    void begin() {
        if (late != null && all == null) {
            all = YoungConnections.ofLoop();
            all.add(this, channel.eventLoop());
        }
    }

    /** Bytes will be written. */
    void writes(long more) throws IOException {
        if (late != null) {
            bytes += more;
            if (bytes > LITTLE) {
                set();
            }
        }
    }

    /** It has lived long enough. */
    void over() {
        try {
            set();
        } catch (IOException | RuntimeException e) {
            channel.pipeline().fireExceptionCaught(e);
        }
    }

    private void set() throws IOException {
        PreparedOptions options = late;
        end();
        if (options != null && channel.isOpen()) {
            options.apply(channel);
        }
    }

    /** The connection ends, or is young no more. */
    void end() {
        late = null;
        leave();
    }

    /** The connection leaves its event loop. */
    void leave() {
        if (all != null) {
            all.remove(this);
            all = null;
        }
    }
}
