package io.inpod.hbone.internal.connection;

import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.headers.StreamError;
import io.inpod.hbone.internal.stream.Stream;
import io.inpod.hbone.internal.stream.Streams;
import io.netty.handler.codec.http2.Http2Error;

/** Punishes a violation: it costs the peer the stream, and a part of its budget for resets. */
final class Violations {
    private final Streams streams;
    private final FloodGuard flood;

    Violations(Streams streams, FloodGuard flood) {
        this.streams = streams;
        this.flood = flood;
    }

    void end(Stream stream, StreamError e) throws ConnectionError {
        streams.reset(stream.id(), e.code());
        streams.breakOff(stream, new TunnelResetException("the peer broke the protocol: " + e.getMessage(), e.code().code()));
        flood.reset();
    }

    /** On a stream that isn't open. */
    void end(int id, Http2Error code) throws ConnectionError {
        streams.reset(id, code);
        flood.reset();
    }
}
