package io.inpod.hbone.internal;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;

/** The peer's SETTINGS (RFC 9113 section 6.5). */
final class PeerSettings {
    static final int HEADER_TABLE_SIZE = 1;
    static final int ENABLE_PUSH = 2;
    static final int MAX_CONCURRENT_STREAMS = 3;
    static final int INITIAL_WINDOW_SIZE = 4;
    static final int MAX_FRAME_SIZE = 5;
    static final int MAX_HEADER_LIST_SIZE = 6;

    private final Http2Connection connection;

    PeerSettings(Http2Connection connection) {
        this.connection = connection;
    }

    void received(boolean ack, ByteBuf payload) throws ConnectionError {
        boolean first = !connection.settingsReceived;
        if (ack) {
            if (payload.isReadable()) {
                throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, "SETTINGS acknowledgement of " + payload.readableBytes() + " bytes");
            }
            if (first) {
                throw ConnectionError.protocol("unexpected SETTINGS acknowledgement");
            }
            connection.window().settingsAcknowledged();
            return;
        }
        try {
            while (payload.isReadable()) {
                apply(payload.readUnsignedShort(), payload.readUnsignedInt());
            }
        } catch (Http2Exception e) {
            throw ConnectionError.protocol("SETTINGS: " + e.getMessage());
        }
        connection.writer().settingsAck();
        connection.settingsReceived = true;
        if (first) {
            connection.opened();
        }
        connection.peerSettingsChanged(first);
    }

    private void apply(int id, long value) throws ConnectionError, Http2Exception {
        switch (id) {
            case HEADER_TABLE_SIZE -> connection.headerCodec().peerTableSize(value);
            case ENABLE_PUSH -> {
                if (value > 1 || value == 1 && !connection.isServer()) {
                    throw ConnectionError.protocol("ENABLE_PUSH " + value);
                }
            }
            case MAX_CONCURRENT_STREAMS -> connection.peerMaxStreams = (int) Math.min(value, Integer.MAX_VALUE);
            case INITIAL_WINDOW_SIZE -> initialWindow(value);
            case MAX_FRAME_SIZE -> {
                if (value < Frames.DEFAULT_MAX_FRAME || value > 0xff_ffff) {
                    throw ConnectionError.protocol("MAX_FRAME_SIZE " + value);
                }
                connection.writer().peerMaxFrame((int) value);
            }
            case MAX_HEADER_LIST_SIZE -> connection.headerCodec().peerMaxHeaderListSize(value);
            default -> { }
        }
    }

    private void initialWindow(long value) throws ConnectionError {
        if (value > Integer.MAX_VALUE) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE " + value);
        }
        long change = value - connection.peerInitialWindow;
        connection.peerInitialWindow = value;
        for (Stream stream : connection.streams.values()) {
            stream.sendWindow += change;
            if (stream.sendWindow > Integer.MAX_VALUE) {
                throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE overflows a stream's window");
            }
            connection.makeReady(stream);
        }
    }
}
