package io.inpod.hbone.internal;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.SpiffeId;
import io.inpod.hbone.TunnelRequestHandler;
import io.netty.handler.codec.http2.Http2Error;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The accepting side. */
public class ServerConnection extends Http2Connection {
    private static final long DRAIN_PING = 0x647261696eL;

    private final TunnelRequestHandler handler;
    private int lastStream;
    private boolean finalGoAway;

    ServerConnection(SpiffeId peer, HboneOptions options, HboneEvents events, TunnelRequestHandler handler) {
        super(peer, options, events);
        this.handler = handler;
    }

    @Override
    boolean isServer() {
        return true;
    }

    @Override
    boolean isIdle(int stream) {
        return stream > lastStream || stream % 2 == 0;
    }

    @Override
    int lastPeerStream() {
        return lastStream;
    }

    @Override
    void sendPreface() {
        writer().settings(
                PeerSettings.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams(),
                PeerSettings.INITIAL_WINDOW_SIZE, options.streamWindow(),
                PeerSettings.MAX_FRAME_SIZE, options.maxFrameSize(),
                PeerSettings.MAX_HEADER_LIST_SIZE, options.maxHeaderListSize());
    }

    @Override
    void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError {
        if (id % 2 == 0) {
            throw ConnectionError.protocol("a client opened stream " + id);
        }
        if (id <= lastStream) {
            Stream open = streams.get(id);
            if (open != null) {
                throw new StreamError(open.remoteEnded ? Http2Error.STREAM_CLOSED : Http2Error.PROTOCOL_ERROR, "HEADERS on a tunnel");
            }
            if (!fields.isEmpty() && fields.get(0).name().startsWith(":")) {
                // Trailers may have crossed our reset; a request can't (RFC 9113 section 5.1.1).
                throw ConnectionError.protocol("a request on stream " + id + " after stream " + lastStream);
            }
            return;
        }
        lastStream = id;
        if (finalGoAway || streams.size() >= options.maxConcurrentStreams()) {
            throw new StreamError(Http2Error.REFUSED_STREAM, "too many tunnels");
        }
        RequestRules.Request request = RequestRules.check(fields);
        Stream stream = new Stream(id, peerInitialWindow, window().streamSize());
        stream.remoteEnded = endStream;
        streams.put(id, stream);
        Authority authority = request.authority();
        ServerRequest waiting = new ServerRequest(this, stream, authority, request.headers());
        stream.owner = waiting;
        later(() -> {
            if (authority == null) {
                waiting.refuse(400);
            } else {
                call(waiting);
            }
        });
    }

    private void call(ServerRequest request) {
        try {
            handler.onConnect(request);
        } catch (RuntimeException | Error e) {
            events.handlerFailed(channel(), e);
            request.refuseIfOpen(500);
        }
    }

    @Override
    void peerSettingsChanged(boolean first) { }

    @Override
    void goAwayReceived(int last, long code) { }

    @Override
    void streamFinished(Stream stream) {
        closeIfDrained();
    }

    /** GOAWAY now, its last stream after a round trip, and the end when the last tunnel has ended or the deadline comes. */
    public void drain(Duration deadline) {
        if (draining) {
            return;
        }
        draining = true;
        writer().goAway(Integer.MAX_VALUE, Http2Error.NO_ERROR, "");
        ping(DRAIN_PING);
        channel().eventLoop().schedule(() -> {
            if (!isGone()) {
                streams.values().forEach(s -> writer().reset(s.id, Http2Error.CANCEL));
                closeQuietly();
            }
        }, deadline.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    void drainPingAnswered() {
        if (draining && !finalGoAway) {
            finalGoAway = true;
            writer().goAway(lastStream, Http2Error.NO_ERROR, "");
            closeIfDrained();
        }
    }

    private void closeIfDrained() {
        if (finalGoAway && streams.isEmpty()) {
            later(this::closeQuietly);
        }
    }
}
