package io.inpod.hbone.internal;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 connection behind TLS: its streams and its life. Event loop only. */
abstract class Http2Connection extends ChannelInboundHandlerAdapter {
    final HboneOptions options;
    final HboneEvents events;
    final FloodGuard flood;
    final IntObjectMap<Stream> streams = new IntObjectHashMap<>();
    final PeerEnded peerEnded = new PeerEnded();
    private final SpiffeId peer;
    private LoopTurn turn;
    private ChannelHandlerContext ctx;
    private FrameWriter writer;
    private FrameReader reader;
    private HeaderCodec headerCodec;
    private SendScheduler scheduler;
    private ReceiveWindow window;
    private KeepAlive keepAlive;
    long idleSince = System.nanoTime();
    boolean settingsReceived;
    long peerInitialWindow = Frames.DEFAULT_WINDOW;
    int peerMaxStreams = Integer.MAX_VALUE;
    boolean draining;
    private boolean gone;
    @Nullable String lostReason;

    @SuppressWarnings("NullAway.Init")
    Http2Connection(SpiffeId peer, HboneOptions options, HboneEvents events) {
        this.peer = peer;
        this.options = options;
        this.events = events;
        this.flood = new FloodGuard(options.limits());
    }

    // --- what differs between the two sides

    abstract boolean isServer();

    /** Whether the stream has never been opened; frames on it break the protocol, on a closed one they are late. */
    abstract boolean isIdle(int stream);

    abstract int lastPeerStream();

    abstract void sendPreface();

    abstract void headers(int id, List<HeaderCodec.Field> fields, boolean endStream) throws StreamError, ConnectionError;

    abstract void peerSettingsChanged(boolean first);

    abstract void goAwayReceived(int lastStream, long code);

    abstract void streamFinished(Stream stream);

    void drainPingAnswered(long payload) { }

    /** Bytes go to the peer that it would give a sign of life for. */
    void peerAsked() { }

    /** Something comes from it. */
    void peerHeard() { }

    /** Takes no new tunnels and closes after the last one. */
    abstract void retire();

    /** The peer's header list was larger than we said, and wasn't kept. */
    abstract void oversized(int id, boolean endStream) throws StreamError, ConnectionError;

    /** The connection is gone, all streams have been told. */
    void connectionGone(String reason) { }

    // --- life

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        scheduler = new SendScheduler(ctx.channel());
        turn = new LoopTurn(ctx.executor(), scheduler, () -> writer.flush(), cause -> exceptionCaught(ctx, cause));
        writer = new FrameWriter(ctx, turn::dirty);
        int maxHeaders = options.limits().maxHeaderListSize();
        headerCodec = new HeaderCodec(maxHeaders);
        window = new ReceiveWindow(options, writer, streams);
        reader = new FrameReader(new InboundFrames(this), ctx.alloc(), isServer(), options.windows().maxFrame(), 2 * maxHeaders);
        keepAlive = new KeepAlive(this, ctx.executor(), options.times());
        Consumer<String> log = events.frameLog(ctx.channel());
        if (log != null) {
            ctx.pipeline().addBefore(ctx.name(), null, new FrameLog(log, isServer()));
        }
        sendPreface();
        window.open();
        keepAlive.awaitSettings();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        writer.discard();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (!gone) {
                peerHeard();
                turn.readStarts();
                reader.read(in);
            }
        } catch (ConnectionError e) {
            fail(e.code, e.getMessage());
        } finally {
            in.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        turn.readEnds();
        ChannelOutboundBuffer pending = context.channel().unsafe().outboundBuffer();
        try {
            FloodGuard.pending(pending == null ? 0 : pending.totalPendingWriteBytes());
        } catch (ConnectionError e) {
            fail(e.code, e.getMessage());
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        turn.scheduleAfterInput();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        lost(String.valueOf(cause.getMessage()));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(lostReason == null ? "closed by the peer" : lostReason);
        context.fireChannelInactive();
    }

    /** The peer's SETTINGS have come: there can be tunnels. */
    void opened() {
        keepAlive.start();
        events.connectionOpened(ctx.channel(), peer, isServer());
    }

    /** Ends the connection because of what the peer did. */
    private void fail(Http2Error code, @Nullable String message) {
        if (gone) {
            return;
        }
        events.connectionFailed(ctx.channel(), code + ": " + message);
        sendGoAway(lastPeerStream(), code, String.valueOf(message));
        lost(code + ": " + message);
    }

    void settingsTimedOut() {
        if (!settingsReceived) {
            events.handshakeFailed(ctx.channel(), "no HTTP/2 SETTINGS within " + options.times().settings());
            lost("no HTTP/2 SETTINGS within " + options.times().settings());
        }
    }

    /** Closes at once; every tunnel is reset. */
    void lost(String reason) {
        if (lostReason == null) {
            lostReason = reason;
        }
        writer.flush();
        ctx.close();
        end(reason);
    }

    private void end(String reason) {
        if (gone) {
            return;
        }
        gone = true;
        draining = true;
        keepAlive.cancel();
        for (Stream stream : streams.values().toArray(new Stream[0])) {
            failStream(stream, new TunnelResetException("the HBONE connection to " + peer + " was lost: " + reason, -1));
        }
        connectionGone(reason);
        if (settingsReceived) {
            events.connectionClosed(ctx.channel(), reason);
        }
        turn.readEnds();
        writer.close();
        reader.release();
        headerCodec.close();
    }

    /** Closes in order: for a connection that has no streams. */
    void closeQuietly() {
        if (!gone) {
            sendGoAway(lastPeerStream(), Http2Error.NO_ERROR, "");
            lost("closed");
        }
    }

    void sendGoAway(int last, Http2Error code, String debug) {
        writer.goAway(last, code, debug);
        events.goAway(ctx.channel(), last, code.code(), false);
    }

    // --- the turn of the loop

    void later(Runnable action) {
        turn.later(action);
    }

    void makeReady(Stream stream) {
        turn.makeReady(stream);
    }

    // --- streams

    StreamChannel attach(Stream stream, Authority authority, List<Header> peerHeaders, ChannelHandler initializer) {
        StreamChannel channel = new StreamChannel(ctx.channel(), this, stream, authority, peerHeaders);
        stream.channel = channel;
        stream.owner = null;
        channel.pipeline().addLast(initializer);
        ctx.channel().eventLoop().register(channel);
        makeReady(stream);
        if (events != HboneEvents.NONE) {
            channel.closeFuture().addListener(f -> events.tunnelClosed(channel, stream.bytesReceived, stream.bytesSent));
            events.tunnelOpened(channel);
        }
        return channel;
    }

    void sendHeaders(Stream stream, List<HeaderCodec.Field> pseudo, List<Header> headers, boolean endStream) throws Http2Exception {
        sendHeaders(stream.id, pseudo, headers, endStream);
        if (endStream) {
            localEnded(stream);
        }
    }

    void sendHeaders(int id, List<HeaderCodec.Field> pseudo, List<Header> headers, boolean endStream) throws Http2Exception {
        ByteBuf block = ctx.alloc().directBuffer(256);
        try {
            headerCodec.encode(id, pseudo, headers, block);
        } catch (Http2Exception | RuntimeException e) {
            block.release();
            throw e;
        }
        writer.headers(id, block, endStream);
    }

    /** Takes ownership of the bytes, which the scheduler has allowed. */
    void sendData(Stream stream, ByteBuf bytes) {
        int n = bytes.readableBytes();
        scheduler.sent(stream, n);
        stream.bytesSent += n;
        flood.dataSent();
        peerAsked();
        writer.data(stream.id, bytes, false);
    }

    void endStream(Stream stream) {
        if (!stream.localEnded) {
            writer.endStream(stream.id);
            localEnded(stream);
        }
    }

    private void localEnded(Stream stream) {
        stream.localEnded = true;
        if (stream.remoteEnded) {
            finish(stream);
        }
    }

    void remoteEnded(Stream stream) {
        stream.remoteEnded = true;
        makeReady(stream);
        if (stream.localEnded) {
            finish(stream);
        }
    }

    void reset(Stream stream, Http2Error code) {
        if (!stream.closed) {
            resetUnknown(stream.id, code);
            finish(stream);
        }
    }

    /** Nobody wants it any more, nor what has come on it. */
    void abandon(Stream stream) {
        stream.owner = null;
        reset(stream, Http2Error.CANCEL);
        credit(stream, stream.input.discard());
    }

    /** Ended on our side by close(): the peer has so many seconds to end its own, but nothing more to say. */
    void linger(Stream stream, int seconds) {
        stream.lingering = true;
        ctx.executor().schedule(() -> reset(stream, Http2Error.CANCEL), seconds, TimeUnit.SECONDS);
    }

    void resetUnknown(int id, Http2Error code) {
        writer.reset(id, code);
        events.streamReset(ctx.channel(), id, code.code(), false);
    }

    void failStream(Stream stream, TunnelResetException reason) {
        stream.failure = reason;
        finish(stream);
        StreamOwner owner = stream.owner;
        if (owner != null) {
            stream.owner = null;
            later(() -> owner.failed(reason));
        }
        makeReady(stream);
    }

    void finish(Stream stream) {
        if (!stream.closed) {
            stream.closed = true;
            streams.remove(stream.id);
            if (stream.remoteEnded) {
                peerEnded.add(stream.id);
            }
            if (stream.channel == null && !stream.dismissed) {
                credit(stream, stream.input.discard());
            }
            idleSince = System.nanoTime();
            streamFinished(stream);
        }
    }

    void credit(@Nullable Stream stream, int bytes) {
        if (!gone) {
            window.credit(stream, bytes);
        }
    }

    // --- access for the helpers

    SpiffeId peerIdentity() {
        return peer;
    }

    Channel channel() {
        return ctx.channel();
    }

    FrameWriter writer() {
        return writer;
    }

    SendScheduler scheduler() {
        return scheduler;
    }

    ReceiveWindow window() {
        return window;
    }

    HeaderCodec headerCodec() {
        return headerCodec;
    }

    KeepAlive keepAlive() {
        return keepAlive;
    }

    int maxData() {
        return writer.maxData();
    }

    boolean isGone() {
        return gone;
    }

    void ping(long payload) {
        writer.ping(payload);
    }

    boolean hasNoTunnels() {
        return streams.isEmpty();
    }

    Stream newStream(int id) {
        Stream stream = new Stream(id, peerInitialWindow, window.streamSize(), ctx.alloc());
        streams.put(id, stream);
        return stream;
    }
}
