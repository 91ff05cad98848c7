package io.inpod.tproxy.relay;

import io.inpod.tproxy.share.Share;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.DuplexChannel;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Carries bytes both ways between two channels on the same event loop, until both directions have ended or one side has failed. The
 * channels are sockets, or other duplex channels that behave like sockets.
 *
 * <ul>
 *   <li>Back-pressure: a side is read only while the other side is writable.
 *   <li>Half-close: the end of one direction is passed on when everything before it has been written; the other direction continues.
 *   <li>Resets: a failure, or a channel that closes without having ended its input, is passed on as a reset (SO_LINGER 0 and close), never
 *       as a regular end, so that a peer can't mistake a part of a message for the whole. (If a socket is reset after it has ended its
 *       input, the relay notices with the next byte for it, or within two seconds.) What the failed side had sent is delivered first, as
 *       the kernel hands out what it has received before a reset; what the other side sends meanwhile is dropped.
 *   <li>Death of the process: while a relay runs, its sockets have SO_LINGER 0, so that the kernel resets them if the process is killed.
 *   <li>TLS: a channel with an {@link io.netty.handler.ssl.SslHandler} ends with TLS's close_notify; if it ends without, it has failed.
 *       Half-close needs an engine that supports it: the JDK's with TLS 1.3. Other engines (OpenSSL's, and any with TLS 1.2) answer the
 *       peer's close_notify with their own; the relay fails if data remains to be written to that peer.
 * </ul>
 *
 * <p>The relay owns both channels from {@link #start} on, and closes them. Its methods may be called from any thread.
 */
public final class Relay {
    private final EventLoop loop;
    private final RelayOptions options;
    private final RelayListener listener;
    private final long startNanos = System.nanoTime();
    private final RelayEnd downstream;
    private final RelayEnd upstream;

    // All below: on the event loop only.
    private int openChannels = 2;
    private final ChannelFutureListener closed = channel -> channelClosed();
    /** Nothing is read or written any more: both directions have ended, or the relay has been reset. */
    private boolean over;
    private boolean reset;
    private @Nullable Throwable error;
    private @Nullable RelaySide failedSide;
    private @Nullable Throwable lastError;
    private @Nullable RelaySide lastFailedSide;
    private long activeNanos = startNanos;
    private @Nullable ScheduledFuture<?> idleTimer;
    private @Nullable ScheduledFuture<?> halfClosed;
    private @Nullable ScheduledFuture<?> deadline;

    private Relay(DuplexChannel downstream, DuplexChannel upstream, RelayOptions options, @Nullable Share bytes, RelayListener listener) {
        this.loop = downstream.eventLoop();
        this.options = options;
        this.listener = listener;
        this.downstream = new RelayEnd(this, RelaySide.DOWNSTREAM, downstream, bytes);
        this.upstream = new RelayEnd(this, RelaySide.UPSTREAM, upstream, bytes);
        this.downstream.join(this.upstream);
        this.upstream.join(this.downstream);
    }

    /**
     * Starts a relay with {@link RelayOptions#DEFAULT}.
     *
     * @param downstream see {@link #start(DuplexChannel, DuplexChannel, RelayOptions, RelayListener)}
     * @param upstream see {@link #start(DuplexChannel, DuplexChannel, RelayOptions, RelayListener)}
     * @param listener notified once, when the relay has ended
     * @return the relay
     * @throws IllegalArgumentException if the channels are on different event loops, or on one without {@link RelayIoHandler}
     */
    public static Relay start(DuplexChannel downstream, DuplexChannel upstream, RelayListener listener) {
        return start(downstream, upstream, RelayOptions.DEFAULT, listener);
    }

    /**
     * Starts a relay. It adds a handler at the end of both pipelines.
     *
     * @param downstream the client's side: connected, automatic reading off, preferably {@linkplain RelayOptions#prepare prepared}
     * @param upstream the server's side, in the same state
     * @param options the relay's settings
     * @param listener notified once, when the relay has ended
     * @return the relay
     * @throws IllegalArgumentException if the channels are on different event loops, or on one without {@link RelayIoHandler}
     */
    public static Relay start(DuplexChannel downstream, DuplexChannel upstream, RelayOptions options, RelayListener listener) {
        return start(downstream, upstream, options, null, listener);
    }

    /**
     * Starts a relay whose buffers count in a share. While the share has no room, a direction is read only when everything that was read
     * before has been written, and at most 4 KiB at a time: data of peers that read still flows, and what waits for the others stays in
     * their senders. So relays together hold at most the share, 4 KiB for each direction of each, and one read per event loop.
     *
     * @param downstream see {@link #start(DuplexChannel, DuplexChannel, RelayOptions, RelayListener)}
     * @param upstream see {@link #start(DuplexChannel, DuplexChannel, RelayOptions, RelayListener)}
     * @param options the relay's settings
     * @param bytes counts the memory of buffers that wait to be written, usually one share for all relays of a client; null for no bound
     * @param listener notified once, when the relay has ended
     * @return the relay
     * @throws IllegalArgumentException if the channels are on different event loops, or on one without {@link RelayIoHandler}
     */
    public static Relay start(DuplexChannel downstream, DuplexChannel upstream, RelayOptions options, @Nullable Share bytes,
            RelayListener listener) {
        if (downstream.eventLoop() != upstream.eventLoop()) {
            throw new IllegalArgumentException("both channels must be on the same event loop");
        }
        boolean socket = downstream instanceof SocketChannel || upstream instanceof SocketChannel;
        if (socket && !(downstream.eventLoop() instanceof IoEventLoop loop && loop.isIoType(RelayIoHandler.class))) {
            throw new IllegalArgumentException("the event loop loses half-closed sockets; create it with RelayIoHandler.newFactory()");
        }
        Relay relay = new Relay(downstream, upstream, options, bytes, listener);
        if (relay.loop.inEventLoop()) {
            relay.begin();
        } else {
            relay.loop.execute(relay::begin);
        }
        return relay;
    }

    /** Ends the relay now: both sides are reset, and the listener is notified with a {@link CancellationException}. */
    public void abort() {
        run(() -> fail(new RelayAbortedException()));
    }

    /**
     * Lets the relay run until it ends, but {@linkplain #abort aborts} it after a given time.
     *
     * @param limit the time, not negative
     */
    public void drain(Duration limit) {
        run(() -> {
            if (openChannels > 0) {
                cancel(deadline);
                deadline = failAfter(limit, new CancellationException("the relay didn't end within " + limit));
            }
        });
    }

    /** {@return the number of bytes read from the downstream channel so far and passed to the upstream one} */
    public long bytesUpstream() {
        return downstream.bytesRead();
    }

    /** {@return the number of bytes read from the upstream channel so far and passed to the downstream one} */
    public long bytesDownstream() {
        return upstream.bytesRead();
    }

    private void run(Runnable action) {
        if (loop.inEventLoop()) {
            action.run();
        } else {
            loop.execute(action);
        }
    }

    private void begin() {
        downstream.install(options);
        upstream.install(options);
        downstream.begin();
        upstream.begin();
        if (!over && !options.idleTimeout().isZero()) {
            watchIdle(options.idleTimeout().toNanos());
        }
    }

    private void watchIdle(long nanos) {
        idleTimer = loop.schedule(() -> {
            long left = options.idleTimeout().toNanos() - (System.nanoTime() - activeNanos);
            if (left <= 0) {
                fail(new TimeoutException("no byte for " + options.idleTimeout()));
            } else if (openChannels > 0 && !reset) {
                watchIdle(left);
            }
        }, nanos, TimeUnit.NANOSECONDS);
    }

    private ScheduledFuture<?> failAfter(Duration limit, Exception reason) {
        return loop.schedule(() -> fail(reason), limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void limitHalfClosed() {
        Duration limit = options.halfClosedTimeout();
        if (halfClosed == null && !limit.isZero()) {
            halfClosed = failAfter(limit, new TimeoutException("half closed for " + limit));
        }
    }

    boolean isOver() {
        return over;
    }

    void active() {
        if (!options.idleTimeout().isZero()) {
            activeNanos = System.nanoTime();
        }
    }

    /** One direction has ended and everything in it is written. */
    void directionEnded(boolean both) {
        over |= both;
        if (both) {
            cancel(halfClosed);
        } else {
            limitHalfClosed();
        }
    }

    /** Somebody ends the relay, or its time is over. What the peers haven't received is lost, also if both directions have ended. */
    private void fail(Throwable cause) {
        if (openChannels > 0 && !reset) {
            record(null, cause);
            resetBoth();
        }
    }

    /** A side can't be written to any more. The relay goes on until everything that it has sent is delivered to the other one. */
    void failed(RelaySide side, Throwable cause) {
        if (over) {
            return;
        }
        RelayEnd other = side == RelaySide.DOWNSTREAM ? upstream : downstream;
        record(side, cause);
        if (other.isLost()) {
            resetBoth();
        } else {
            if (other.isDead()) {
                lastError = RelayEnd.resetByPeer();
                lastFailedSide = other.side();
            }
            limitHalfClosed();
        }
    }

    private void record(@Nullable RelaySide side, Throwable cause) {
        // Netty's exception for a socket that was reset before it was shut down.
        Throwable known = cause instanceof NotYetConnectedException ? RelayEnd.resetByPeer() : cause;
        if (error == null) {
            error = known;
            failedSide = side;
        }
        if (side != null || lastError == null) {
            lastError = known;
            lastFailedSide = side;
        }
    }

    void resetBoth() {
        over = true;
        reset = true;
        downstream.reset();
        upstream.reset();
    }

    /** To be notified when one of the two channels is closed. */
    ChannelFutureListener whenClosed() {
        return closed;
    }

    private void channelClosed() {
        if (--openChannels == 0) {
            cancel(idleTimer);
            cancel(halfClosed);
            cancel(deadline);
            listener.relayEnded(new RelayResult(
                    downstream.bytesRead(), upstream.bytesRead(), Duration.ofNanos(System.nanoTime() - startNanos),
                    error, failedSide, lastError, lastFailedSide));
        }
    }

    private static void cancel(@Nullable ScheduledFuture<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
