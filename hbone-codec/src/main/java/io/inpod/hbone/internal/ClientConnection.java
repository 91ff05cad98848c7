package io.inpod.hbone.internal;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;

/** The connecting side. */
final class ClientConnection extends Http2Connection implements SilenceWatch.Listener {
    /** What the pool wants to know. */
    interface Listener {
        void connected(ClientConnection connection);

        /** Before or after {@link #connected}. */
        void gone(ClientConnection connection, String reason);

        void capacityChanged(ClientConnection connection);
    }

    private final Listener listener;
    private SilenceWatch silence;
    private int nextStream = 1;
    /** What REFUSED_STREAM has taught us beyond the peer's SETTINGS. */
    private int learnedMaxStreams = Integer.MAX_VALUE;

    @SuppressWarnings("NullAway.Init")
    ClientConnection(SpiffeId peer, HboneOptions options, HboneEvents events, Listener listener) {
        super(peer, options, events);
        this.listener = listener;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        silence = new SilenceWatch(this, context.executor(), options.times().silence());
        super.handlerAdded(context);
    }

    @Override
    boolean isServer() {
        return false;
    }

    @Override
    boolean isIdle(int stream) {
        return stream >= nextStream || stream % 2 == 0;
    }

    @Override
    int lastPeerStream() {
        return 0;
    }

    @Override
    void sendPreface() {
        writer().preface();
        writer().settings(
                PeerSettings.ENABLE_PUSH, 0,
                PeerSettings.INITIAL_WINDOW_SIZE, options.windows().stream(),
                PeerSettings.MAX_FRAME_SIZE, options.windows().maxFrame(),
                PeerSettings.MAX_HEADER_LIST_SIZE, options.limits().maxHeaderListSize());
    }

    /** How many more tunnels this connection takes. */
    int capacity() {
        if (draining || isGone() || nextStream < 0 || silence.isSilent()) {
            return 0;
        }
        int most = Math.min(options.limits().maxConcurrentStreams(), Math.min(peerMaxStreams, learnedMaxStreams));
        return most - streams.size();
    }

    int tunnels() {
        return streams.size();
    }

    void open(Opening opening) {
        Stream stream = newStream(nextStream);
        nextStream += 2;
        stream.owner = opening;
        opening.send(this, stream);
        peerAsked();
    }

    @Override
    void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError {
        Stream stream = streams.get(id);
        if (stream == null) {
            if (isIdle(id)) {
                throw ConnectionError.protocol("HEADERS on an idle stream");
            }
            flood.control();
            return;
        }
        if (stream.answered) {
            throw StreamError.protocol("HEADERS on a tunnel");
        }
        ResponseRules.Response response = ResponseRules.check(fields);
        if (response.status() < 200) {
            if (endStream) {
                throw StreamError.protocol("an interim answer ends the stream");
            }
            flood.control();
            return;
        }
        stream.answered = true;
        if (stream.owner instanceof Opening opening) {
            later(() -> opening.answered(response));
        }
        if (endStream) {
            remoteEnded(stream);
        }
    }

    @Override
    void oversized(int id, boolean endStream) throws StreamError, ConnectionError {
        if (isIdle(id)) {
            throw ConnectionError.protocol("HEADERS on an idle stream");
        }
        throw new StreamError(Http2Error.ENHANCE_YOUR_CALM, "header list too large");
    }

    @Override
    void peerSettingsChanged(boolean first) {
        learnedMaxStreams = Integer.MAX_VALUE;
        if (first) {
            later(() -> listener.connected(this));
        } else {
            later(() -> listener.capacityChanged(this));
        }
    }

    @Override
    void goAwayReceived(int last, long code) {
        draining = true;
        for (Stream stream : streams.values().toArray(new Stream[0])) {
            if (Integer.compareUnsigned(stream.id, last) > 0) {
                failStream(stream, new TunnelResetException("the peer is going away", Http2Error.REFUSED_STREAM.code()));
            }
        }
        later(() -> listener.capacityChanged(this));
        closeIfDone();
    }

    /** The peer refused a stream although its SETTINGS allowed one: it takes as many as it has, if any. */
    void streamRefused() {
        if (streams.isEmpty()) {
            retire();
        } else {
            learnedMaxStreams = streams.size();
        }
    }

    @Override
    void retire() {
        draining = true;
        later(() -> listener.capacityChanged(this));
        closeIfDone();
    }

    @Override
    void peerAsked() {
        silence.sent();
    }

    @Override
    void peerHeard() {
        silence.heard();
    }

    @Override
    public void probe() {
        keepAlive().probe();
    }

    @Override
    public void fellSilent() {
        for (Stream stream : streams.values().toArray(new Stream[0])) {
            if (stream.owner instanceof Opening opening && !stream.answered) {
                opening.moveOn();
            }
        }
        later(() -> listener.capacityChanged(this));
    }

    @Override
    public void isHeardAgain() {
        later(() -> listener.capacityChanged(this));
    }

    @Override
    void streamFinished(Stream stream) {
        later(() -> listener.capacityChanged(this));
        closeIfDone();
    }

    private void closeIfDone() {
        if (draining && streams.isEmpty() && !isGone()) {
            later(() -> {
                if (streams.isEmpty()) {
                    closeQuietly();
                }
            });
        }
    }

    @Override
    void connectionGone(String reason) {
        silence.cancel();
        later(() -> listener.gone(this, reason));
    }
}
