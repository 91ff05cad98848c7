package io.inpod.hbone.internal.stream;

import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.frames.FrameWriter;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How the streams of a connection begin, send, and end. Event loop only. */
public final class Streams {
    /** The connection. */
    public interface Listener {
        /** A DATA frame was written. */
        void dataSent();

        /** A stream has left the table. */
        void streamFinished();
    }

    private final Channel connection;
    private final SpiffeId peer;
    private final ConnectionEvents events;
    private final FrameWriter writer;
    private final HeaderCodec headerCodec;
    private final LoopTurn turn;
    private final StreamTable table;
    private final SendScheduler scheduler;
    private final ReceiveWindow window;
    private final UnreadBytes unread;
    private final Listener listener;
    private boolean lost;

    /** The streams of a connection that has none yet. */
    public Streams(SpiffeId peer, ConnectionEvents events, FrameWriter writer, HeaderCodec headerCodec, LoopTurn turn, StreamTable table,
            SendScheduler scheduler, ReceiveWindow window, UnreadBytes unread, Listener listener) {
        this.connection = events.connection();
        this.peer = peer;
        this.events = events;
        this.writer = writer;
        this.headerCodec = headerCodec;
        this.turn = turn;
        this.table = table;
        this.scheduler = scheduler;
        this.window = window;
        this.unread = unread;
        this.listener = listener;
    }

    SpiffeId peer() {
        return peer;
    }

    // --- beginning

    /** Opens a stream; {@code remoteEnded} if the peer's first frame ends its direction. */
    public Stream open(int id, boolean remoteEnded) {
        Stream stream = new Stream(id, remoteEnded, scheduler.streamSize(), window.streamSize(), connection.alloc());
        table.add(stream);
        return stream;
    }

    /** Turns a stream into a tunnel. */
    public TunnelChannel attach(Stream stream, Authority authority, List<Header> peerHeaders, ChannelHandler initializer) {
        StreamChannel channel = new StreamChannel(connection, this, stream, authority, peerHeaders);
        stream.attach(channel);
        channel.pipeline().addLast(initializer);
        connection.eventLoop().register(channel).addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        makeReady(stream);
        events.tunnel(channel, stream);
        return channel;
    }

    // --- what we send

    /** Sends HEADERS on an open stream. */
    public void sendHeaders(Stream stream, List<HeaderCodec.Field> pseudo, List<Header> headers, boolean endStream) throws Http2Exception {
        sendHeaders(stream.id(), pseudo, headers, endStream);
        if (endStream) {
            localEnded(stream);
        }
    }

    /** Sends HEADERS on a stream that isn't in the table. */
    public void sendHeaders(int id, List<HeaderCodec.Field> pseudo, List<Header> headers, boolean endStream) throws Http2Exception {
        ByteBuf block = connection.alloc().directBuffer(256);
        try {
            headerCodec.encode(id, pseudo, headers, block);
        } catch (Http2Exception | RuntimeException e) {
            block.release();
            throw e;
        }
        writer.headers(id, block, endStream);
    }

    /**
     * How many of so many bytes the stream may send now, in one frame. If the connection holds it back, the stream is served when that
     * changes.
     */
    int allowance(Stream stream, int wanted) {
        return stream.isClosed() ? 0 : scheduler.allowance(stream, wanted);
    }

    /** The largest DATA payload that we send. */
    int maxData() {
        return writer.maxData();
    }

    /** Sends bytes within the {@linkplain #allowance allowance}; takes ownership. */
    void sendData(Stream stream, ByteBuf bytes) {
        scheduler.sent(stream, bytes.readableBytes());
        listener.dataSent();
        writer.data(stream.id(), bytes, false);
    }

    /** Sends END_STREAM, unless it was sent. */
    void endOutput(Stream stream) {
        if (!stream.isLocalEnded()) {
            writer.endStream(stream.id());
            localEnded(stream);
        }
    }

    // --- what the tunnel reads

    /** Returns credit for bytes that were read or dropped; without a stream, the connection's credit only. */
    public void credit(@Nullable Stream stream, int bytes) {
        unread.gone(bytes);
        if (!lost) {
            window.credit(stream, bytes);
        }
    }

    /** Whether so much is unread that tunnels that were reset are dropped unread: the peer could have any number of them. */
    boolean isTight() {
        return window.isTight() || unread.isStopped();
    }

    /** Lets the stream's tunnel check for changes once no frame is half read. */
    public void makeReady(Stream stream) {
        turn.makeReady(stream);
    }

    /** The peer has enlarged or reduced the send windows of all streams. */
    public void makeAllReady() {
        table.streams().forEach(turn::makeReady);
    }

    // --- ends

    private void localEnded(Stream stream) {
        stream.endLocal();
        if (stream.isRemoteEnded()) {
            finish(stream);
        }
    }

    /** The peer has sent END_STREAM. */
    public void remoteEnded(Stream stream) {
        stream.endRemote();
        makeReady(stream);
        if (stream.isLocalEnded()) {
            finish(stream);
        }
    }

    /** The peer has sent RST_STREAM. */
    public void resetByPeer(Stream stream, long code) {
        // A client's tunnel whose answer came in the same read has no channel yet.
        boolean stands = stream.channel() != null || stream.isAnswered();
        if (stream.isRemoteEnded() && stands && code == Http2Error.NO_ERROR.code()) {
            stream.dismiss();
            finish(stream);
            makeReady(stream);
        } else {
            Http2Error known = Http2Error.valueOf(code);
            fail(stream, new TunnelResetException("tunnel reset by the peer: " + (known == null ? code : known), code));
        }
        if (!stream.isRemoteEnded()) {
            table.rememberEndedByPeer(stream);
        }
    }

    /** Sends RST_STREAM, unless the stream is closed. */
    public void reset(Stream stream, Http2Error code) {
        if (!stream.isClosed()) {
            reset(stream.id(), code);
            finish(stream);
        }
    }

    /** Sends RST_STREAM; an open stream with this identifier stays in the table. */
    public void reset(int id, Http2Error code) {
        writer.reset(id, code);
        events.streamReset(id, code.code(), false);
    }

    /** Cancels a request, and drops bytes that have arrived for it. */
    public void abandon(Stream stream) {
        stream.disown();
        reset(stream, Http2Error.CANCEL);
        credit(stream, stream.input().discard());
    }

    /** Removes a stream whose first frame couldn't be sent. */
    public void drop(Stream stream) {
        stream.disown();
        finish(stream);
    }

    /** After {@code close()} has ended our side: the peer has some seconds to end its side, and may send nothing more. */
    void linger(Stream stream, int seconds) {
        stream.linger();
        turn.after(seconds, TimeUnit.SECONDS, () -> reset(stream, Http2Error.CANCEL));
    }

    /** The stream is lost by a violation: a tunnel delivers what its reader has asked for, drops the rest, and ends. */
    public void breakOff(Stream stream, TunnelResetException reason) {
        stream.breakOff();
        fail(stream, reason);
    }

    /** The stream is lost: its owner or its tunnel learns why. */
    public void fail(Stream stream, TunnelResetException reason) {
        stream.fail(reason);
        finish(stream);
        StreamOwner owner = stream.owner();
        if (owner != null && !stream.isAnswered()) {
            stream.disown();
            turn.later(() -> owner.failed(reason));
        }
        makeReady(stream);
    }

    /** The connection is lost, and all streams with it. From now on no credit is returned. */
    public void failAll(Supplier<TunnelResetException> reason) {
        lost = true;
        for (Stream stream : table.snapshot()) {
            fail(stream, reason.get());
        }
    }

    private void finish(Stream stream) {
        if (!stream.isClosed()) {
            stream.close();
            table.remove(stream);
            if (stream.isRemoteEnded()) {
                table.rememberEndedByPeer(stream);
            }
            boolean becomesTunnel = stream.isAnswered() && stream.owner() != null; // and then delivers what has arrived
            if (stream.channel() == null && !becomesTunnel) {
                credit(stream, stream.input().discard());
            }
            listener.streamFinished();
        }
    }
}
