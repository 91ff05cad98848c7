package io.inpod.hbone.internal.connection;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.SettingId;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.headers.RequestRules;
import io.inpod.hbone.internal.headers.StreamError;
import io.inpod.hbone.internal.stream.Stream;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The accepting side. */
public class ServerConnection extends Http2Connection {
    private static final long DRAIN_PING = 0x647261696eL;

    private final TunnelRequestHandler handler;
    private int lastStream;
    private boolean finalGoAway;
    private @Nullable Future<?> firstRequest;

    /** A connection to be added to the pipeline behind TLS. */
    public ServerConnection(SpiffeId peer, HboneOptions options, HboneEvents events, TunnelRequestHandler handler) {
        super(peer, options, events);
        this.handler = handler;
    }

    @Override
    public boolean isServer() {
        return true;
    }

    @Override
    public boolean isIdle(int stream) {
        return stream > lastStream || stream % 2 == 0;
    }

    @Override
    int lastPeerStream() {
        return lastStream;
    }

    @Override
    void sendPreface() {
        writer().settings(
                SettingId.MAX_CONCURRENT_STREAMS, options.limits().maxConcurrentStreams(),
                SettingId.INITIAL_WINDOW_SIZE, options.windows().stream(),
                SettingId.MAX_FRAME_SIZE, options.windows().maxFrame(),
                SettingId.MAX_HEADER_LIST_SIZE, options.limits().maxHeaderListSize());
    }

    @Override
    public void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError {
        if (!isNew(id, fields)) {
            return;
        }
        if (finalGoAway || table.size() >= options.limits().maxConcurrentStreams()) {
            throw new StreamError(Http2Error.REFUSED_STREAM, "too many tunnels");
        }
        RequestRules.Request request = RequestRules.check(fields);
        Stream stream = streams().open(id, endStream);
        Authority authority = request.authority();
        ServerRequest waiting = new ServerRequest(this, stream, authority, kept(request.headers()));
        stream.own(waiting);
        later(() -> {
            if (authority == null) {
                waiting.refuse(400);
            } else {
                call(waiting);
            }
        });
    }

    /** Whether this HEADERS frame opens a stream. */
    private boolean isNew(int id, List<HeaderCodec.Field> fields) throws StreamError, ConnectionError {
        if (id % 2 == 0) {
            throw ConnectionError.protocol("a client opened stream " + id);
        }
        if (id <= lastStream) {
            Stream open = table.get(id);
            if (open != null) {
                throw new StreamError(open.isRemoteEnded() ? Http2Error.STREAM_CLOSED : Http2Error.PROTOCOL_ERROR, "HEADERS on a tunnel");
            }
            if (!fields.isEmpty() && fields.get(0).name().startsWith(":")) {
                // Trailers may have crossed our reset; a request can't (RFC 9113 section 5.1.1).
                throw ConnectionError.protocol("a request on stream " + id + " after stream " + lastStream);
            }
            flood.control();
            return false;
        }
        lastStream = id;
        return true;
    }

    @Override
    public void oversized(int id, boolean endStream) throws StreamError, ConnectionError {
        if (isNew(id, List.of())) {
            flood.reset();
            answer(id, 431);
            if (!endStream) {
                streams().reset(id, Http2Error.NO_ERROR);
            }
        }
    }

    private void answer(int id, int status) {
        try {
            streams().sendHeaders(id, List.of(new HeaderCodec.Field(":status", Integer.toString(status))), List.of(), true);
        } catch (Http2Exception e) {
            streams().reset(id, Http2Error.INTERNAL_ERROR);
        }
    }

    private void call(ServerRequest request) {
        try {
            request.awaitAnswer(options.times().answer());
            handler.onConnect(request);
        } catch (RuntimeException | Error e) {
            events.handlerFailed(channel(), e);
            request.refuseIfOpen(500);
        }
    }

    @Override
    void peerSettingsChanged(boolean first) {
        if (first) {
            Duration patience = options.times().firstRequest();
            firstRequest = channel().eventLoop().schedule(() -> {
                if (lastStream == 0 && !isGone()) {
                    events.handshakeFailed(channel(), "no request within " + patience);
                    closeQuietly();
                }
            }, patience.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    @Override
    void connectionGone(String reason) {
        if (firstRequest != null) {
            firstRequest.cancel(false);
        }
    }

    @Override
    public void goAwayReceived(int last, long code) {}

    @Override
    public void streamFinished() {
        closeIfDrained();
    }

    /** Sends GOAWAY now and the last stream after a round trip. */
    @Override
    public void retire() {
        if (!isDraining()) {
            startDraining();
            sendGoAway(Integer.MAX_VALUE, Http2Error.NO_ERROR, "");
            writer().ping(DRAIN_PING);
        }
    }

    @Override
    public void drainPingAnswered(long payload) {
        if (isDraining() && !finalGoAway && payload == DRAIN_PING) {
            finalGoAway = true;
            sendGoAway(lastStream, Http2Error.NO_ERROR, "");
            closeIfDrained();
        }
    }

    private void closeIfDrained() {
        if (finalGoAway && table.isEmpty()) {
            later(this::closeQuietly);
        }
    }
}
