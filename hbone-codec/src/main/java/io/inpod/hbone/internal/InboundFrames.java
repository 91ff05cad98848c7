package io.inpod.hbone.internal;

import io.inpod.hbone.TunnelResetException;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What each frame does to its connection. */
final class InboundFrames implements FrameSink {
    private final Http2Connection connection;
    private final PeerSettings settings;
    private @Nullable Stream data;

    InboundFrames(Http2Connection connection) {
        this.connection = connection;
        this.settings = new PeerSettings(connection);
    }

    @Override
    public void dataStart(int id, int flowLength, boolean endStream) throws ConnectionError {
        requireSettings();
        data = null;
        connection.flood.data(flowLength, endStream);
        connection.window().received(flowLength);
        Stream stream = connection.streams.get(id);
        if (stream == null) {
            requireOpened(id, "DATA");
            if (connection.peerEnded.contains(id)) {
                connection.resetUnknown(id, Http2Error.STREAM_CLOSED);
                connection.flood.reset();
            }
        } else if (stream.remoteEnded) {
            streamError(stream, new StreamError(Http2Error.STREAM_CLOSED, "DATA after END_STREAM"));
        } else if (!connection.isServer() && !stream.answered) {
            streamError(stream, StreamError.protocol("DATA before the answer"));
        } else {
            stream.receiveWindow -= flowLength;
            stream.bytesReceived += flowLength;
            if (stream.receiveWindow < 0 && flowLength > 0) {
                streamError(stream, new StreamError(Http2Error.FLOW_CONTROL_ERROR, "stream window exceeded"));
            } else {
                data = stream;
            }
        }
    }

    @Override
    public void dataPart(ByteBuf part) {
        Stream stream = data;
        if (stream == null || stream.closed) {
            int bytes = part.readableBytes();
            part.release();
            connection.credit(null, bytes);
        } else if (stream.lingering) {
            int bytes = part.readableBytes();
            part.release();
            connection.credit(null, bytes);
            connection.reset(stream, Http2Error.CANCEL);
        } else if (stream.channel != null) {
            stream.channel.received(part);
            connection.makeReady(stream);
        } else {
            stream.input.add(part);
        }
    }

    @Override
    public void ignored() throws ConnectionError {
        requireSettings();
        connection.flood.control();
    }

    @Override
    public void dataPadding(int bytes) {
        connection.credit(data, bytes);
    }

    @Override
    public void dataEnd(boolean endStream) {
        Stream stream = data;
        data = null;
        if (endStream && stream != null && !stream.closed) {
            connection.remoteEnded(stream);
        }
    }

    @Override
    public void headers(int id, ByteBuf block, boolean endStream) throws ConnectionError {
        requireSettings();
        try {
            // Always decoded, whatever becomes of the stream: the compression state is the connection's.
            List<HeaderCodec.Field> fields = connection.headerCodec().decode(id, block);
            if (fields == null) {
                connection.oversized(id, endStream);
            } else {
                connection.headers(id, fields, endStream);
            }
        } catch (StreamError e) {
            Stream stream = connection.streams.get(id);
            if (stream != null) {
                streamError(stream, e);
            } else {
                connection.resetUnknown(id, e.code);
                connection.flood.reset();
            }
        }
    }

    @Override
    public void control(int type, int flags, int id, ByteBuf payload) throws ConnectionError {
        if (type == Frames.SETTINGS) {
            requireConnection(id, "SETTINGS");
            connection.flood.control();
            settings.received((flags & Frames.ACK) != 0, payload);
            return;
        }
        requireSettings();
        switch (type) {
            case Frames.PRIORITY -> {
                requireStream(id, "PRIORITY");
                connection.flood.control();
            }
            case Frames.RST_STREAM -> reset(id, payload.readUnsignedInt());
            case Frames.PING -> {
                requireConnection(id, "PING");
                ping((flags & Frames.ACK) != 0, payload.readLong());
            }
            case Frames.GOAWAY -> {
                requireConnection(id, "GOAWAY");
                connection.flood.control();
                int last = payload.readInt() & 0x7fff_ffff;
                long code = payload.readUnsignedInt();
                connection.events.goAway(connection.channel(), last, code, true);
                connection.goAwayReceived(last, code);
            }
            default -> windowUpdate(id, payload.readInt() & 0x7fff_ffff);
        }
    }

    private void reset(int id, long code) throws ConnectionError {
        requireStream(id, "RST_STREAM");
        connection.events.streamReset(connection.channel(), id, code, true);
        Stream stream = connection.streams.get(id);
        if (stream == null || stream.channel == null) {
            // A tunnel that stood may fall as often as it likes: the peer had to wait for our answer to each.
            connection.flood.reset();
        }
        if (stream == null) {
            requireOpened(id, "RST_STREAM");
            return;
        }
        // A client's tunnel whose answer has come in the same read has no channel yet.
        boolean stands = stream.channel != null || stream.answered;
        if (stream.remoteEnded && stands && code == Http2Error.NO_ERROR.code()) {
            stream.dismissed = true;
            connection.finish(stream);
            connection.makeReady(stream);
        } else {
            Http2Error known = Http2Error.valueOf(code);
            connection.failStream(stream, new TunnelResetException("tunnel reset by the peer: " + (known == null ? code : known), code));
        }
        if (!stream.remoteEnded) {
            connection.peerEnded.add(id);
        }
    }

    private void ping(boolean ack, long payload) throws ConnectionError {
        if (!ack) {
            connection.flood.control();
            connection.writer().pingAck(payload);
        } else if (!connection.keepAlive().answered(payload)) {
            connection.flood.control();
            connection.drainPingAnswered(payload);
        }
    }

    private void windowUpdate(int id, int increment) throws ConnectionError {
        connection.flood.windowUpdate(increment);
        if (id == 0) {
            if (increment == 0) {
                throw ConnectionError.protocol("WINDOW_UPDATE of 0");
            }
            if (!connection.scheduler().increase(increment)) {
                throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "connection window overflow");
            }
            return;
        }
        Stream stream = connection.streams.get(id);
        if (stream == null) {
            requireOpened(id, "WINDOW_UPDATE");
            connection.flood.control();
        } else if (increment == 0) {
            streamError(stream, StreamError.protocol("WINDOW_UPDATE of 0"));
        } else {
            stream.sendWindow += increment;
            if (stream.sendWindow > Integer.MAX_VALUE) {
                streamError(stream, new StreamError(Http2Error.FLOW_CONTROL_ERROR, "stream window overflow"));
            } else {
                connection.makeReady(stream);
            }
        }
    }

    private void streamError(Stream stream, StreamError e) throws ConnectionError {
        connection.resetUnknown(stream.id, e.code);
        connection.failStream(stream, new TunnelResetException("the peer broke the protocol: " + e.getMessage(), e.code.code()));
        connection.flood.reset();
    }

    private void requireSettings() throws ConnectionError {
        if (!connection.settingsReceived) {
            throw ConnectionError.protocol("the first frame isn't SETTINGS");
        }
    }

    private void requireOpened(int id, String frame) throws ConnectionError {
        if (connection.isIdle(id)) {
            throw ConnectionError.protocol(frame + " on an idle stream");
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
