package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.FrameSink;
import io.inpod.hbone.internal.frames.Frames;
import io.netty.buffer.ByteBuf;

/** Receives every inbound frame, checks that it may come now and on this stream identifier, and passes it to the class for its kind. */
final class InboundFrames implements FrameSink {
    private final ConnectionFrames connection;
    private final StreamFrames streams;
    private final DataFrames data;
    private final FloodGuard flood;

    InboundFrames(ConnectionFrames connection, StreamFrames streams, DataFrames data, FloodGuard flood) {
        this.connection = connection;
        this.streams = streams;
        this.data = data;
        this.flood = flood;
    }

    @Override
    public void dataStart(int id, int flowLength, boolean endStream) throws ConnectionError {
        connection.requireSettings();
        data.start(id, flowLength, endStream);
    }

    @Override
    public void dataPart(ByteBuf part) {
        data.part(part);
    }

    @Override
    public void dataPadding(int bytes) {
        data.padding(bytes);
    }

    @Override
    public void dataEnd(boolean endStream) {
        data.end(endStream);
    }

    @Override
    public void ignored() throws ConnectionError {
        connection.requireSettings();
        flood.control();
    }

    @Override
    public void headers(int id, ByteBuf block, boolean endStream) throws ConnectionError {
        connection.requireSettings();
        streams.headers(id, block, endStream);
    }

    @Override
    public void control(int type, int flags, int id, ByteBuf payload) throws ConnectionError {
        if (type == Frames.SETTINGS) {
            requireConnection(id, "SETTINGS");
            connection.settings(flags, payload);
            return;
        }
        connection.requireSettings();
        switch (type) {
            case Frames.PRIORITY -> {
                requireStream(id, "PRIORITY");
                flood.control();
            }
            case Frames.RST_STREAM -> {
                requireStream(id, "RST_STREAM");
                streams.reset(id, payload.readUnsignedInt());
            }
            case Frames.PING -> {
                requireConnection(id, "PING");
                connection.ping(flags, payload.readLong());
            }
            case Frames.GOAWAY -> {
                requireConnection(id, "GOAWAY");
                connection.goAway(payload.readInt() & 0x7fff_ffff, payload.readUnsignedInt());
            }
            default -> windowUpdate(id, payload.readInt() & 0x7fff_ffff);
        }
    }

    private void windowUpdate(int id, int increment) throws ConnectionError {
        flood.windowUpdate(increment);
        if (id == 0) {
            connection.windowUpdate(increment);
        } else {
            streams.windowUpdate(id, increment);
        }
    }

    private static void requireStream(int id, String frame) throws ConnectionError {
        if (id == 0) {
            throw ConnectionError.protocol(frame + " on stream 0");
        }
    }

    private static void requireConnection(int id, String frame) throws ConnectionError {
        if (id != 0) {
            throw ConnectionError.protocol(frame + " on a stream");
        }
    }
}
