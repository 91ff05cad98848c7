package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.headers.StreamError;
import io.inpod.hbone.internal.stream.ReceiveWindow;
import io.inpod.hbone.internal.stream.Stream;
import io.inpod.hbone.internal.stream.StreamChannel;
import io.inpod.hbone.internal.stream.StreamTable;
import io.inpod.hbone.internal.stream.Streams;
import io.inpod.hbone.internal.stream.UnreadBytes;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/** The effects of DATA: it counts against the windows, and is passed to the stream's tunnel or waits for it. */
final class DataFrames {
    private final Side side;
    private final StreamTable table;
    private final Streams streams;
    private final ReceiveWindow window;
    private final UnreadBytes unread;
    private final FloodGuard flood;
    private final Violations violations;
    /** The stream of the frame that is being read; null if its bytes are dropped. */
    private @Nullable Stream current;

    DataFrames(Side side, StreamTable table, Streams streams, ReceiveWindow window, UnreadBytes unread, FloodGuard flood,
            Violations violations) {
        this.side = side;
        this.table = table;
        this.streams = streams;
        this.window = window;
        this.unread = unread;
        this.flood = flood;
        this.violations = violations;
    }

    void start(int id, int flowLength, boolean endStream) throws ConnectionError {
        current = null;
        flood.data(flowLength, endStream);
        window.received(flowLength);
        Stream stream = table.get(id);
        if (stream == null) {
            side.requireOpened(id, "DATA");
            if (table.wasEndedByPeer(id)) {
                violations.end(id, Http2Error.STREAM_CLOSED);
            }
        } else if (stream.isRemoteEnded()) {
            violations.end(stream, new StreamError(Http2Error.STREAM_CLOSED, "DATA after END_STREAM"));
        } else if (!side.isServer() && !stream.isAnswered()) {
            violations.end(stream, StreamError.protocol("DATA before the answer"));
        } else if (!window.received(stream, flowLength)) {
            violations.end(stream, new StreamError(Http2Error.FLOW_CONTROL_ERROR, "stream window exceeded"));
        } else {
            current = stream;
        }
    }

    void part(ByteBuf part) {
        unread.arrived(part.readableBytes());
        Stream stream = current;
        if (stream == null || stream.isClosed()) {
            drop(part);
            return;
        }
        StreamChannel channel = stream.channel();
        if (stream.isLingering()) {
            drop(part);
            streams.reset(stream, Http2Error.CANCEL);
        } else if (channel != null) {
            channel.received(part);
            streams.makeReady(stream);
        } else {
            stream.keep(part);
        }
    }

    private void drop(ByteBuf part) {
        int bytes = part.readableBytes();
        part.release();
        streams.credit(null, bytes);
    }

    void padding(int bytes) {
        unread.arrived(bytes);
        streams.credit(current, bytes);
    }

    void end(boolean endStream) {
        Stream stream = current;
        current = null;
        if (endStream && stream != null && !stream.isClosed()) {
            streams.remoteEnded(stream);
        }
    }
}
