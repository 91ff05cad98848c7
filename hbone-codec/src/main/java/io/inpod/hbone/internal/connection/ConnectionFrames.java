package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.FrameWriter;
import io.inpod.hbone.internal.frames.Frames;
import io.inpod.hbone.internal.stream.ConnectionEvents;
import io.inpod.hbone.internal.stream.SendScheduler;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;

/** The effects of SETTINGS, PING, GOAWAY and WINDOW_UPDATE on the whole connection. */
final class ConnectionFrames {
    private final Side side;
    private final PeerSettings settings;
    private final KeepAlive keepAlive;
    private final SendScheduler scheduler;
    private final FrameWriter writer;
    private final FloodGuard flood;
    private final ConnectionEvents events;

    ConnectionFrames(Side side, PeerSettings settings, KeepAlive keepAlive, SendScheduler scheduler, FrameWriter writer, FloodGuard flood,
            ConnectionEvents events) {
        this.side = side;
        this.settings = settings;
        this.keepAlive = keepAlive;
        this.scheduler = scheduler;
        this.writer = writer;
        this.flood = flood;
        this.events = events;
    }

    void settings(int flags, ByteBuf payload) throws ConnectionError {
        flood.control();
        boolean first = !settings.haveArrived();
        if ((flags & Frames.ACK) != 0) {
            settings.acknowledged(payload.readableBytes());
        } else {
            settings.received(payload);
            side.peerSettings(first);
        }
    }

    /** The first frame must be SETTINGS (RFC 9113 section 3.4). */
    void requireSettings() throws ConnectionError {
        if (!settings.haveArrived()) {
            throw ConnectionError.protocol("the first frame isn't SETTINGS");
        }
    }

    void ping(int flags, long payload) throws ConnectionError {
        if ((flags & Frames.ACK) == 0) {
            flood.control();
            writer.pingAck(payload);
        } else if (!keepAlive.answered(payload)) {
            flood.control();
            side.drainPingAnswered(payload);
        }
    }

    void goAway(int lastStream, long code) throws ConnectionError {
        flood.control();
        events.goAway(lastStream, code, true);
        side.goAwayReceived(lastStream, code);
    }

    void windowUpdate(int increment) throws ConnectionError {
        if (increment == 0) {
            throw ConnectionError.protocol("WINDOW_UPDATE of 0");
        }
        if (!scheduler.increase(increment)) {
            throw new ConnectionError(Http2Error.FLOW_CONTROL_ERROR, "connection window overflow");
        }
    }
}
