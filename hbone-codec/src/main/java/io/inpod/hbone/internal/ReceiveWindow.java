package io.inpod.hbone.internal;

import io.inpod.hbone.HboneOptions;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/** What the peer may send (RFC 9113 section 5.2); credit goes back in quarters of a window. */
final class ReceiveWindow {
    private final int streamSize;
    private final int connectionSize;
    private final FrameWriter writer;
    private int connection;
    private int unreturned;

    ReceiveWindow(HboneOptions options, FrameWriter writer) {
        this.streamSize = options.streamWindow();
        this.connectionSize = options.connectionWindow();
        this.connection = connectionSize;
        this.writer = writer;
    }

    /** Tells the peer that the connection's window is larger than HTTP/2's default. */
    void open() {
        if (connectionSize > Frames.DEFAULT_WINDOW) {
            writer.windowUpdate(0, connectionSize - Frames.DEFAULT_WINDOW);
        }
    }

    int streamSize() {
        return streamSize;
    }

    void received(int bytes) throws ConnectionError {
        connection -= bytes;
        if (connection < 0) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "connection window exceeded");
        }
    }

    void credit(@Nullable Stream stream, int bytes) {
        if (bytes == 0) {
            return;
        }
        unreturned += bytes;
        if (unreturned >= connectionSize / 4) {
            connection += unreturned;
            writer.windowUpdate(0, unreturned);
            unreturned = 0;
        }
        if (stream != null && !stream.closed && !stream.remoteEnded) {
            stream.unreturned += bytes;
            if (stream.unreturned >= streamSize / 4) {
                stream.receiveWindow += stream.unreturned;
                writer.windowUpdate(stream.id, stream.unreturned);
                stream.unreturned = 0;
            }
        }
    }
}
