package io.inpod.hbone.internal.connection;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.SettingId;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.headers.ResponseRules;
import io.inpod.hbone.internal.headers.StreamError;
import io.inpod.hbone.internal.stream.Stream;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.List;

/** The connecting side. */
public final class ClientConnection extends Http2Connection implements SilenceWatch.Listener {
    /** The pool. */
    public interface Listener {
        /** The peer's SETTINGS have arrived: there can be tunnels. */
        void connected(ClientConnection connection);

        /** The connection has ended, before or after {@link #connected}. */
        void gone(ClientConnection connection, String reason);

        /** The connection may take more tunnels than before, or fewer. */
        void capacityChanged(ClientConnection connection);
    }

    private static final HeaderCodec.Field CONNECT = new HeaderCodec.Field(":method", "CONNECT");

    private final Listener listener;
    private final Runnable capacityChanged = this::capacityChanged; // one for all streams
    private SilenceWatch silence;
    private int nextStream = 1;
    /** The limit that REFUSED_STREAM has revealed beyond the peer's SETTINGS. */
    private int learnedMaxStreams = Integer.MAX_VALUE;

    /** A connection to be added to the pipeline behind TLS. */
    @SuppressWarnings("NullAway.Init")
    public ClientConnection(SpiffeId peer, HboneOptions options, HboneEvents events, Listener listener) {
        super(peer, options, events);
        this.listener = listener;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        silence = new SilenceWatch(this, context.executor(), options.times().silence());
        super.handlerAdded(context);
    }

    @Override
    public boolean isServer() {
        return false;
    }

    @Override
    public boolean isIdle(int stream) {
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
                SettingId.ENABLE_PUSH, 0,
                SettingId.INITIAL_WINDOW_SIZE, options.windows().stream(),
                SettingId.MAX_FRAME_SIZE, options.windows().maxFrame(),
                SettingId.MAX_HEADER_LIST_SIZE, options.limits().maxHeaderListSize());
    }

    /** How many more tunnels the connection takes. */
    public int capacity() {
        if (isDraining() || isGone() || nextStream < 0 || silence.isSilent()) {
            return 0;
        }
        int most = Math.min(options.limits().maxConcurrentStreams(), Math.min(peerMaxStreams(), learnedMaxStreams));
        return most - tunnels();
    }

    /** Sends a request on a new stream. */
    public Stream open(ConnectRequest request, ConnectOwner owner) throws Http2Exception {
        Stream stream = streams().open(nextStream, false);
        nextStream += 2;
        stream.own(owner);
        peerAsked();
        try {
            streams().sendHeaders(stream, List.of(CONNECT,
                    new HeaderCodec.Field(":authority", request.authority().toString())), request.headers(), false);
        } catch (Http2Exception e) {
            streams().drop(stream);
            throw e;
        }
        return stream;
    }

    /** Turns an answered request into a tunnel. */
    public TunnelChannel attach(Stream stream, Authority authority, List<Header> peerHeaders, ChannelHandler initializer) {
        return streams().attach(stream, authority, peerHeaders, initializer);
    }

    /** Cancels a request: RST_STREAM CANCEL. */
    public void abandon(Stream stream) {
        streams().abandon(stream);
    }

    @Override
    public void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError {
        Stream stream = table.get(id);
        if (stream == null) {
            requireOpened(id, "HEADERS");
            flood.control();
            return;
        }
        if (stream.isAnswered()) {
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
        stream.answer();
        if (stream.owner() instanceof ConnectOwner owner) {
            ResponseRules.Response kept = new ResponseRules.Response(response.status(), kept(response.headers()));
            later(() -> owner.answered(kept));
        }
        if (endStream) {
            streams().remoteEnded(stream);
        }
    }

    @Override
    public void oversized(int id, boolean endStream) throws StreamError, ConnectionError {
        requireOpened(id, "HEADERS");
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
    public void goAwayReceived(int last, long code) {
        startDraining();
        for (Stream stream : table.snapshot()) {
            if (Integer.compareUnsigned(stream.id(), last) > 0) {
                streams().fail(stream, new TunnelResetException("the peer is going away", Http2Error.REFUSED_STREAM.code()));
            }
        }
        later(() -> listener.capacityChanged(this));
        closeIfDone();
    }

    /** The peer refused a stream although its SETTINGS allowed one: the streams that it has, if any, are taken for its limit. */
    public void streamRefused() {
        if (table.isEmpty()) {
            retire();
        } else {
            learnedMaxStreams = table.size();
        }
    }

    @Override
    public void drainPingAnswered(long payload) {}

    @Override
    public void retire() {
        startDraining();
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
        for (Stream stream : table.snapshot()) {
            if (stream.owner() instanceof ConnectOwner owner && !stream.isAnswered()) {
                owner.peerFellSilent();
            }
        }
        later(() -> listener.capacityChanged(this));
    }

    @Override
    public void isHeardAgain() {
        later(() -> listener.capacityChanged(this));
    }

    @Override
    public void streamFinished() {
        later(capacityChanged);
        closeIfDone();
    }

    private void capacityChanged() {
        listener.capacityChanged(this);
    }

    private void closeIfDone() {
        if (isDraining() && table.isEmpty() && !isGone()) {
            later(() -> {
                if (table.isEmpty()) {
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
