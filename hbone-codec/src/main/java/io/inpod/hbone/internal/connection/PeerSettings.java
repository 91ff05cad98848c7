package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.FrameWriter;
import io.inpod.hbone.internal.frames.Frames;
import io.inpod.hbone.internal.frames.SettingId;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.stream.ReceiveWindow;
import io.inpod.hbone.internal.stream.SendScheduler;
import io.inpod.hbone.internal.stream.Streams;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;

/** The peer's SETTINGS, and its acknowledgements of ours (RFC 9113 section 6.5). */
final class PeerSettings {
    private final boolean fromClient;
    private final FrameWriter writer;
    private final HeaderCodec headerCodec;
    private final Streams streams;
    private final SendScheduler scheduler;
    private final ReceiveWindow window;
    private boolean arrived;
    private int maxStreams = Integer.MAX_VALUE;

    PeerSettings(boolean fromClient, FrameWriter writer, HeaderCodec headerCodec, Streams streams, SendScheduler scheduler,
            ReceiveWindow window) {
        this.fromClient = fromClient;
        this.writer = writer;
        this.headerCodec = headerCodec;
        this.streams = streams;
        this.scheduler = scheduler;
        this.window = window;
    }

    /** Whether the peer has sent SETTINGS. */
    boolean haveArrived() {
        return arrived;
    }

    /** SETTINGS_MAX_CONCURRENT_STREAMS; unlimited until the peer sets it. */
    int maxStreams() {
        return maxStreams;
    }

    void acknowledged(int length) throws ConnectionError {
        if (length > 0) {
            throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, "SETTINGS acknowledgement of " + length + " bytes");
        }
        if (!arrived) {
            throw ConnectionError.protocol("unexpected SETTINGS acknowledgement");
        }
        window.settingsAcknowledged();
    }

    void received(ByteBuf payload) throws ConnectionError {
        try {
            while (payload.isReadable()) {
                apply(payload.readUnsignedShort(), payload.readUnsignedInt());
            }
        } catch (Http2Exception e) {
            throw ConnectionError.protocol("SETTINGS: " + e.getMessage());
        }
        writer.settingsAck();
        arrived = true;
    }

    private void apply(int id, long value) throws ConnectionError, Http2Exception {
        switch (id) {
            case SettingId.HEADER_TABLE_SIZE -> headerCodec.peerTableSize(value);
            case SettingId.ENABLE_PUSH -> {
                if (value > 1 || value == 1 && !fromClient) {
                    throw ConnectionError.protocol("ENABLE_PUSH " + value);
                }
            }
            case SettingId.MAX_CONCURRENT_STREAMS -> maxStreams = (int) Math.min(value, Integer.MAX_VALUE);
            case SettingId.INITIAL_WINDOW_SIZE -> initialWindow(value);
            case SettingId.MAX_FRAME_SIZE -> {
                if (value < Frames.DEFAULT_MAX_FRAME || value > 0xff_ffff) {
                    throw ConnectionError.protocol("MAX_FRAME_SIZE " + value);
                }
                writer.peerMaxFrame((int) value);
            }
            case SettingId.MAX_HEADER_LIST_SIZE -> headerCodec.peerMaxHeaderListSize(value);
            default -> {}
        }
    }

    private void initialWindow(long value) throws ConnectionError {
        if (value > Integer.MAX_VALUE) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE " + value);
        }
        if (!scheduler.resizeStreams(value)) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE overflows a stream's window");
        }
        streams.makeAllReady();
    }
}
