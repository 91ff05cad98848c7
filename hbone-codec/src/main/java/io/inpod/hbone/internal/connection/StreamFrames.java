package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.headers.StreamError;
import io.inpod.hbone.internal.stream.ConnectionEvents;
import io.inpod.hbone.internal.stream.SendScheduler;
import io.inpod.hbone.internal.stream.Stream;
import io.inpod.hbone.internal.stream.StreamTable;
import io.inpod.hbone.internal.stream.Streams;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;

/** The effects of HEADERS, RST_STREAM and WINDOW_UPDATE on their stream. */
final class StreamFrames {
    private final Side side;
    private final StreamTable table;
    private final Streams streams;
    private final SendScheduler scheduler;
    private final HeaderCodec headerCodec;
    private final FloodGuard flood;
    private final Violations violations;
    private final ConnectionEvents events;

    StreamFrames(Side side, StreamTable table, Streams streams, SendScheduler scheduler, HeaderCodec headerCodec, FloodGuard flood,
            Violations violations,
            ConnectionEvents events) {
        this.side = side;
        this.table = table;
        this.streams = streams;
        this.scheduler = scheduler;
        this.headerCodec = headerCodec;
        this.flood = flood;
        this.violations = violations;
        this.events = events;
    }

    void headers(int id, ByteBuf block, boolean endStream) throws ConnectionError {
        try {
            // Decoded whatever becomes of the stream, because the compression state belongs to the connection.
            List<HeaderCodec.Field> fields = headerCodec.decode(id, block);
            if (fields == null) {
                side.oversized(id, endStream);
            } else {
                side.headers(id, fields, endStream);
            }
        } catch (StreamError e) {
            Stream stream = table.get(id);
            if (stream != null) {
                violations.end(stream, e);
            } else {
                violations.end(id, e.code());
            }
        }
    }

    void reset(int id, long code) throws ConnectionError {
        events.streamReset(id, code, true);
        Stream stream = table.get(id);
        if (stream == null) {
            side.requireOpened(id, "RST_STREAM");
            flood.control(); // it crossed our own end of the stream, as with every request that is refused
            return;
        }
        if (stream.channel() == null && !stream.isAnswered()) {
            // Resets of established tunnels and of answered requests are free: there was an answer to each.
            flood.reset();
        }
        streams.resetByPeer(stream, code);
    }

    void windowUpdate(int id, int increment) throws ConnectionError {
        Stream stream = table.get(id);
        if (stream == null) {
            side.requireOpened(id, "WINDOW_UPDATE");
            flood.control();
        } else if (increment == 0) {
            violations.end(stream, StreamError.protocol("WINDOW_UPDATE of 0"));
        } else if (!scheduler.increase(stream, increment)) {
            violations.end(stream, new StreamError(Http2Error.FLOW_CONTROL_ERROR, "stream window overflow"));
        } else {
            streams.makeReady(stream);
        }
    }
}
