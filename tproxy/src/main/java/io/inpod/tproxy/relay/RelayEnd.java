package io.inpod.tproxy.relay;

import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Share;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.internal.StringUtil;
import java.io.IOException;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One channel of a relay: reads it into the other end, and tracks the writes to it. On the event loop only. */
final class RelayEnd extends ChannelInboundHandlerAdapter implements ChannelFutureListener {
    private static final long RESET_WATCH_MILLIS = 1000;
    private static final long LONGEST_WAIT_MILLIS = 1000;
    private static final int MOST_UNACKNOWLEDGED = 64 << 10;

    private final Relay relay;
    private final RelaySide side;
    private final DuplexChannel channel;
    @SuppressWarnings("NullAway.Init") // set right after construction, since the two ends refer to each other
    private RelayEnd peer;
    private final @Nullable Share bytes;
    /** What waits to be written to this channel; null if nobody counts it. */
    private final @Nullable HeldBuffers held;
    /** What was read before the relay began; null if the channel wasn't prepared. */
    private @Nullable ParkedInput parked;

    private volatile long bytesRead; // written on the event loop only
    private int pendingWrites;
    private boolean unflushed;
    private boolean readPaused;
    private @Nullable Future<?> resetWatch;
    /** No more data comes from this channel. */
    private boolean inputEnded;
    /** No more data goes to this channel, and all data has been written. */
    private boolean outputEnded;
    /** The end of the output has been handed to the kernel, or to the tunnel. */
    private boolean outputIsShut;
    /** Writing has failed: what comes for this channel is dropped. What it has received can still be read. */
    private boolean lost;
    /** The input is over without a regular end; {@link #lost} too. */
    private boolean inputCut;
    /** Writing has failed because the peer has reset the connection after its regular end. */
    private boolean endedBeforeReset;
    private boolean awaitsDelivery;

    RelayEnd(Relay relay, RelaySide side, DuplexChannel channel, @Nullable Share bytes) {
        this.relay = relay;
        this.side = side;
        this.channel = channel;
        this.bytes = bytes;
        this.held = HeldBuffers.of(bytes);
    }

    void join(RelayEnd other) {
        peer = other;
    }

    RelaySide side() {
        return side;
    }

    static SocketException resetByPeer() {
        return new SocketException("Connection reset by peer");
    }

    /** Whether the kernel has ended the connection, even if the channel hasn't been notified yet. */
    boolean isDead() {
        return channel instanceof SocketChannel socket && socket.isOpen() && SendQueue.isClosed(socket);
    }

    boolean isLost() {
        return lost;
    }

    long bytesRead() {
        return bytesRead;
    }

    void install(RelayOptions options) {
        options.configure(channel, bytes);
        channel.config().setAutoClose(false); // a failed write leaves what was received readable
        parked = channel.pipeline().get(ParkedInput.class);
        if (parked == null) {
            RelayOptions.resetIfProcessDies(channel);
            channel.pipeline().addLast(this);
        } else if (channel.pipeline().last() == parked) {
            parked.passTo(this);
        } else {
            channel.pipeline().remove(parked);
            channel.pipeline().addLast(this);
        }
        channel.closeFuture().addListener(relay.whenClosed());
    }

    void begin() {
        Throwable failure = null;
        boolean ended = false;
        if (parked != null) {
            for (Object message = parked.poll(); message != null; message = parked.poll()) {
                receive(message);
            }
            failure = parked.failure();
            ended = parked.ended();
            parked = null;
        }
        if (failure != null) {
            fail(failure, true);
        } else if (ended || tls() == null && channel.isActive() && channel.isInputShutdown()) {
            peer.flush();
            endInput();
        } else if (channel.isActive() && channel.isInputShutdown()) {
            cutOff();
        } else if (!channel.isActive()) {
            fail(new IOException("the connection was closed before the relay started"), true);
        } else {
            peer.flush();
            readMore();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        receive(message);
    }

    private void receive(Object message) {
        if (relay.isOver() || peer.lost) {
            ReferenceCountUtil.release(message);
        } else if (inputEnded || !(message instanceof ByteBuf data)) {
            ReferenceCountUtil.release(message);
            fail(new IOException(StringUtil.simpleClassName(message)
                    + (inputEnded ? " after the end of input" : " instead of a ByteBuf")), true);
        } else {
            long before = bytesRead; // which only the event loop writes
            bytesRead = before + data.readableBytes();
            relay.active();
            peer.pendingWrites++;
            peer.unflushed = true;
            if (peer.held != null) {
                data = peer.held.compact(data, peer.channel.alloc());
                peer.held.add(data);
            }
            peer.channel.write(data).addListener(peer);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        peer.flush();
        readMore();
    }

    private void flush() {
        if (unflushed) {
            unflushed = false;
            channel.flush();
            if (held != null) {
                held.settle();
            }
        }
    }

    private void readMore() {
        if (!relay.isOver() && !inputEnded && !inputCut) {
            readPaused = !peer.lost && (!peer.channel.isWritable() || peer.held != null && peer.held.isExhausted());
            if (!readPaused) {
                channel.read();
            }
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (peer.readPaused && channel.isWritable()) {
            peer.readMore();
        }
    }

    /** A write to this channel has completed. */
    @Override
    public void operationComplete(ChannelFuture write) {
        pendingWrites--;
        if (held != null) {
            held.removeFirst();
        }
        if (!write.isSuccess()) {
            failWriting(write.cause());
            return;
        }
        relay.active();
        if (pendingWrites == 0) {
            if (peer.lost) {
                resetOnceDelivered();
            }
            if (peer.inputEnded) {
                endOutput();
            } else if (peer.readPaused && held != null) { // for the share; the channel's writability may not have changed
                peer.readMore();
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        switch (InputEnd.of(channel, event)) {
            case REGULAR -> endInput();
            case CUT_OFF -> cutOff();
            case NONE -> ctx.fireUserEventTriggered(event);
        }
    }

    private @Nullable SslHandler tls() {
        return channel.pipeline().get(SslHandler.class);
    }

    private void cutOff() {
        if (!inputEnded) {
            fail(InputEnd.cutOff(), true);
        }
    }

    private void endInput() {
        if (relay.isOver() || inputEnded || inputCut) {
            return;
        }
        // The kernel reports a reset only once. If a write has received it, this may not be an end.
        if (lost && !endedBeforeReset && channel instanceof SocketChannel) {
            cutInput();
            return;
        }
        inputEnded = true;
        if (channel instanceof SocketChannel socket && !outputEnded && !lost) {
            watchForReset(socket);
        }
        if (peer.pendingWrites == 0) {
            peer.endOutput();
        }
        if (lost) {
            cutInput();
        } else {
            closeIfDone();
        }
    }

    private void endOutput() {
        if (relay.isOver() || outputEnded || lost) {
            return;
        }
        outputEnded = true;
        relay.directionEnded(peer.outputEnded && !peer.lost);
        if (!closeIfDone()) {
            SslHandler tls = tls();
            if (tls == null) {
                channel.shutdownOutput().addListener(this::outputIsShut);
            } else {
                // Without close_notify the peer would treat the connection as truncated.
                tls.closeOutbound().addListener(said -> {
                    if (said.isSuccess()) {
                        channel.shutdownOutput().addListener(this::outputIsShut);
                    } else {
                        failWriting(said.cause());
                    }
                });
            }
        }
    }

    private void outputIsShut(Future<?> shut) {
        if (!shut.isSuccess()) {
            failWriting(shut.cause());
        } else {
            outputIsShut = true;
            resetOnceDelivered();
        }
    }

    /** Netty doesn't report a reset after the end of input, since it no longer reads. The kernel knows of it. */
    private void watchForReset(SocketChannel socket) {
        resetWatch = socket.eventLoop().schedule(() -> {
            if (relay.isOver() || !socket.isOpen()) {
                return;
            }
            if (isDead()) {
                fail(resetByPeer(), true);
            } else {
                watchForReset(socket);
            }
        }, RESET_WATCH_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Closes the channel as soon as both directions have ended, without shutting down its output first: for a socket that is shut down both
     * ways epoll reports a hang-up again and again, which Netty turns into exceptions.
     */
    private boolean closeIfDone() {
        if (inputEnded && outputEnded && !peer.lost) {
            if (resetWatch != null) {
                resetWatch.cancel(false); // it would keep the ended relay in memory for a second
            }
            if (channel instanceof SocketChannel socket) {
                Resets.notOnClose(channel);
                if (peer.bytesRead <= MOST_UNACKNOWLEDGED) {
                    close(); // no more than that was ever written
                    return true;
                }
                closeOnceMostIsAcknowledged(socket, System.nanoTime(), Long.MAX_VALUE);
            } else {
                close();
            }
            return true;
        }
        return false;
    }

    /**
     * Closes a socket when its peer has received nearly everything. A socket that is closed before keeps its memory as long as the peer
     * wants, without an owner who could reset it, and without a share in which it counts.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing, and ends with the channel
    private void closeOnceMostIsAcknowledged(SocketChannel socket, long since, long before) {
        long left = SendQueue.bytes(socket);
        if (left < before) {
            relay.active();
        }
        if (left <= MOST_UNACKNOWLEDGED) {
            close();
        } else { // the end is late by an eighth of the time that the rest has taken, at most
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since) / 8;
            socket.eventLoop().schedule(() -> closeOnceMostIsAcknowledged(socket, since, left),
                    Math.max(1, Math.min(millis, LONGEST_WAIT_MILLIS)), TimeUnit.MILLISECONDS);
        }
    }

    private void close() {
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(inputEnded && outputEnded)) {
            fail(cause, true);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!relay.isOver() && !(inputEnded && outputEnded)) {
            fail(new IOException("the connection was lost" + (inputEnded ? "" : " before its end of input")), true);
        }
    }

    // --- failures: what this channel has received is delivered, and then the peer is reset

    private void failWriting(Throwable cause) {
        Throwable reason = cause instanceof ChannelOutputShutdownException && cause.getCause() != null ? cause.getCause() : cause;
        endedBeforeReset |= !lost && reason instanceof NativeIoException error && error.expectedErr() == Errors.ERRNO_EPIPE_NEGATIVE;
        boolean readable = channel.isOpen() && (isDead() || !(channel instanceof SocketChannel));
        fail(reason, !readable);
    }

    /** Nothing can be written to this channel any more; {@code atOnce} if nothing can be read either. */
    private void fail(Throwable cause, boolean atOnce) {
        if (relay.isOver() || inputCut) {
            return;
        }
        if (!lost) {
            lost = true;
            if (resetWatch != null) {
                resetWatch.cancel(false);
            }
            relay.failed(side, cause);
        }
        if (relay.isOver()) {
            return;
        }
        peer.flush();
        if (atOnce || inputEnded) {
            cutInput(); // mostly ends the relay
        } else {
            readMore();
        }
        peer.readMore(); // what it sends is dropped, so that it can go on to read
    }

    private void cutInput() {
        inputCut = true;
        reset();
        peer.resetOnceDelivered();
    }

    /** Resets this channel when everything that the failed one has sent is written and acknowledged. */
    private void resetOnceDelivered() {
        boolean all = peer.inputEnded ? outputIsShut : peer.inputCut;
        if (!relay.isOver() && peer.lost && peer.inputCut && all && pendingWrites == 0 && !awaitsDelivery) {
            awaitsDelivery = true;
            awaitDelivery(1);
        }
    }

    /** A reset drops what the kernel hasn't sent yet; there is no event for the last acknowledgement. */
    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing, and ends with the relay
    private void awaitDelivery(long millis) {
        if (relay.isOver()) {
            return;
        }
        if (channel instanceof SocketChannel socket && SendQueue.isPending(socket)) {
            socket.eventLoop().schedule(() -> awaitDelivery(Math.min(2 * millis, LONGEST_WAIT_MILLIS)), millis, TimeUnit.MILLISECONDS);
        } else {
            relay.resetBoth();
        }
    }

    void reset() {
        if (channel.isOpen()) {
            Resets.onClose(channel);
            // Bypasses all handlers: TLS would send close_notify first, as for a regular end.
            channel.pipeline().firstContext().close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }
}
