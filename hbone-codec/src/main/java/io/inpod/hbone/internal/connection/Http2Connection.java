package io.inpod.hbone.internal.connection;

import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneMemory;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.frames.FrameLog;
import io.inpod.hbone.internal.frames.FrameReader;
import io.inpod.hbone.internal.frames.FrameWriter;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.stream.ConnectionEvents;
import io.inpod.hbone.internal.stream.LoopTurn;
import io.inpod.hbone.internal.stream.QueuedBytes;
import io.inpod.hbone.internal.stream.ReceiveWindow;
import io.inpod.hbone.internal.stream.SendScheduler;
import io.inpod.hbone.internal.stream.Stream;
import io.inpod.hbone.internal.stream.StreamTable;
import io.inpod.hbone.internal.stream.Streams;
import io.inpod.hbone.internal.stream.UnreadBytes;
import io.inpod.hbone.internal.tls.ShownCertificates;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.handler.codec.http2.Http2Error;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 connection behind TLS: assembles its parts, and begins and ends it. Event loop only. */
public abstract class Http2Connection extends ChannelInboundHandlerAdapter implements Side, Streams.Listener {
    final HboneOptions options;
    final HboneEvents events;
    final FloodGuard flood;
    final StreamTable table = new StreamTable();
    private final SpiffeId peer;
    private Channel channel;
    private ConnectionEvents reports;
    private LoopTurn turn;
    private UnreadBytes unread;
    private QueuedBytes queued;
    private FrameWriter writer;
    private HeaderCodec headerCodec;
    private Streams streams;
    private PeerSettings settings;
    private KeepAlive keepAlive;
    private FrameReader reader;
    private BlockDeadline blockDeadline;
    private boolean draining;
    private boolean gone;
    private boolean outputIsLost;
    private boolean violated;
    private @Nullable String lostReason;

    @SuppressWarnings("NullAway.Init")
    Http2Connection(SpiffeId peer, HboneOptions options, HboneEvents events) {
        this.peer = peer;
        this.options = options;
        this.events = events;
        this.flood = new FloodGuard(options.limits());
    }

    // --- what differs between the two sides, apart from frames

    /** The last stream that the peer has opened, for GOAWAY. */
    abstract int lastPeerStream();

    /** Writes the first frames of this side. */
    abstract void sendPreface();

    abstract void peerSettingsChanged(boolean first);

    /** Takes no new tunnels, and closes after the last one. */
    public abstract void retire();

    /** Bytes were sent to which the peer would react. */
    void peerAsked() {}

    /** Bytes were received. */
    void peerHeard() {}

    /** The connection is gone; all streams have failed. */
    void connectionGone(String reason) {}

    // --- life

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
        reports = new ConnectionEvents(events, channel);
        HboneMemory.Account account = ParentChannel.account(channel, options.memory());
        queued = new QueuedBytes(channel, account, () -> turn.scheduleAfterInput());
        SendScheduler scheduler = new SendScheduler(channel, table, queued);
        turn = new LoopTurn(context.executor(), scheduler, this::flush, cause -> exceptionCaught(context, cause));
        writer = new FrameWriter(context, turn::dirty);
        int maxHeaders = options.limits().maxHeaderListSize();
        headerCodec = new HeaderCodec(maxHeaders);
        ReceiveWindow window = new ReceiveWindow(options, writer, table);
        unread = new UnreadBytes(channel, account, () -> keepAlive.readingResumed());
        streams = new Streams(peer, reports, writer, headerCodec, turn, table, scheduler, window, unread, this);
        settings = new PeerSettings(isServer(), writer, headerCodec, streams, scheduler, window);
        keepAlive = new KeepAlive(this, table, unread, writer, context.executor(), options.times(),
                ShownCertificates.expiry(channel));
        Violations violations = new Violations(streams, flood);
        InboundFrames frames = new InboundFrames(
                new ConnectionFrames(this, settings, keepAlive, scheduler, writer, flood, reports),
                new StreamFrames(this, table, streams, scheduler, headerCodec, flood, violations, reports),
                new DataFrames(this, table, streams, window, unread, flood, violations), flood);
        reader = new FrameReader(frames, context.alloc(), isServer(), options.windows().maxFrame(),
                maxHeaders + maxHeaders / 2); // up to there, a list that is too large is refused by itself
        blockDeadline = new BlockDeadline(this, reader, context.executor(), options.times().block());
        Consumer<String> log = events.frameLog(channel);
        if (log != null) {
            context.pipeline().addBefore(context.name(), null, new FrameLog(log, isServer()));
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
                unread.keepsIncomplete(reader.held());
                blockDeadline.read();
            }
        } catch (ConnectionError e) {
            fail(e);
        } finally {
            in.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        turn.readEnds();
        ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
        try {
            FloodGuard.pending(pending == null ? 0 : pending.totalPendingWriteBytes());
        } catch (ConnectionError e) {
            fail(e);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        turn.scheduleAfterInput();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof ChannelOutputShutdownException && channel.isOpen()) {
            // The peer has reset the connection. What it had sent before is read first; its end, or the error again, ends this connection.
            Throwable reason = cause.getCause() == null ? cause : cause.getCause();
            outputIsLost = true;
            lostReason = lostReason == null ? String.valueOf(reason.getMessage()) : lostReason;
            startDraining();
        } else if (!(outputIsLost && cause instanceof ClosedChannelException && channel.isOpen())) {
            lost(String.valueOf(cause.getMessage()));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(lostReason == null ? "closed by the peer" : lostReason);
        context.fireChannelInactive();
    }

    private void flush() {
        writer.flush();
        queued.flushed();
    }

    /** Whether the connection isn't read at present, since it holds too many unread bytes. */
    public boolean isDeaf() {
        return unread.isStopped();
    }

    /** The peer's SETTINGS; after the first ones there can be tunnels. */
    @Override
    public void peerSettings(boolean first) {
        if (first) {
            keepAlive.start();
            events.connectionOpened(channel, peer, isServer());
        }
        peerSettingsChanged(first);
    }

    @Override
    public void dataSent() {
        flood.dataSent();
        peerAsked();
    }

    /** Ends the connection because the peer violated the protocol. */
    private void fail(ConnectionError e) {
        if (!gone) {
            violated = true;
            String reason = e.code() + ": " + e.getMessage();
            events.connectionFailed(channel, reason);
            sendGoAway(lastPeerStream(), e.code(), String.valueOf(e.getMessage()));
            lost(reason);
        }
    }

    void settingsTimedOut() {
        if (!settings.haveArrived()) {
            String reason = "no HTTP/2 SETTINGS within " + options.times().settings();
            events.handshakeFailed(channel, reason);
            lost(reason);
        }
    }

    void blockTimedOut() {
        fail(ConnectionError.calm("a header block wasn't complete within " + options.times().block()));
    }

    /** Closes immediately; every tunnel is reset. */
    void lost(String reason) {
        if (lostReason == null) {
            lostReason = reason;
        }
        writer.flush();
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        end(reason);
    }

    private void end(String reason) {
        if (gone) {
            return;
        }
        gone = true;
        draining = true;
        keepAlive.cancel();
        streams.failAll(() -> new TunnelResetException("the HBONE connection to " + peer + " was lost: " + reason, -1));
        connectionGone(reason);
        if (settings.haveArrived()) {
            events.connectionClosed(channel, reason);
        }
        turn.readEnds();
        writer.close();
        queued.flushed();
        reader.release();
        unread.keepsIncomplete(0);
        blockDeadline.cancel();
        headerCodec.close();
    }

    /** Closes a connection without streams in order. */
    public void closeQuietly() {
        if (!gone) {
            sendGoAway(lastPeerStream(), Http2Error.NO_ERROR, "");
            lost("closed");
        }
    }

    void sendGoAway(int last, Http2Error code, String debug) {
        writer.goAway(last, code, debug);
        reports.goAway(last, code.code(), false);
    }

    /** From now on the connection takes no new tunnels. */
    void startDraining() {
        draining = true;
    }

    /** Takes no new tunnels, and closes after the last one, or at the deadline, which resets those that are left. */
    public void drain(Duration deadline) {
        retire();
        after(deadline.toNanos(), () -> {
            if (!isGone()) {
                for (Stream stream : table.snapshot()) {
                    writer.reset(stream.id(), Http2Error.CANCEL);
                }
                closeQuietly();
            }
        });
    }

    /** Whether the connection takes no new tunnels. */
    public boolean isDraining() {
        return draining;
    }

    /** Whether the connection has ended. */
    public boolean isGone() {
        return gone;
    }

    /** Whether it has ended because the peer violated the protocol. */
    public boolean isViolated() {
        return violated;
    }

    /** The number of open streams. */
    public int tunnels() {
        return table.size();
    }

    /** Runs an action once no frame is half read. */
    void later(Runnable action) {
        turn.later(action);
    }

    /** Runs an action after a delay; what it throws ends the connection, as what a handler throws does. */
    void after(long nanos, Runnable action) {
        turn.after(nanos, TimeUnit.NANOSECONDS, action);
    }

    // --- for the two sides

    /** Those of the peer's headers that the options keep. */
    List<Header> kept(List<Header> headers) {
        return List.copyOf(options.headers().apply(headers));
    }

    /** What the certificates of both ends say; null if there was no TLS, in tests. */
    public @Nullable ConnectionIdentities identities() {
        return ShownCertificates.of(channel);
    }

    SpiffeId peerIdentity() {
        return peer;
    }

    Channel channel() {
        return channel;
    }

    Streams streams() {
        return streams;
    }

    FrameWriter writer() {
        return writer;
    }

    KeepAlive keepAlive() {
        return keepAlive;
    }

    int peerMaxStreams() {
        return settings.maxStreams();
    }
}
