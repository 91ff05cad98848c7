package io.inpod.hbone.client;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.internal.connection.ClientConnection;
import io.inpod.hbone.internal.connection.ConnectOwner;
import io.inpod.hbone.internal.headers.ResponseRules;
import io.inpod.hbone.internal.stream.Stream;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A tunnel that a client has requested, until it exists. */
final class Opening implements ConnectOwner {
    /** How often a request is sent again that the peer hasn't answered. */
    private static final int RETRIES = 3;

    private final PoolEntry pool;
    private final HboneDestination destination;
    private final ConnectRequest request;
    private final ChannelHandler initializer;
    private final Promise<TunnelChannel> promise;
    private @Nullable ClientConnection connection;
    private @Nullable Stream stream;
    private @Nullable Future<?> timer;
    private int retries;

    Opening(PoolEntry pool, HboneDestination destination, ConnectRequest request, ChannelHandler initializer,
            Promise<TunnelChannel> promise) {
        this.pool = pool;
        this.destination = destination;
        this.request = request;
        this.initializer = initializer;
        this.promise = promise;
        promise.addListener(f -> {
            if (f.isCancelled()) {
                abandon();
            }
        });
    }

    boolean isDone() {
        return promise.isDone();
    }

    void fail(IOException reason) {
        stopTimer();
        promise.tryFailure(reason);
    }

    /** The request is in the pool's queue, and leaves it after {@code patience} at the latest. */
    void waits(EventLoop loop, Duration patience) {
        stopTimer();
        timer = loop.schedule(() -> {
            pool.leave(this);
            fail(new SocketTimeoutException(what() + ": no connection within " + patience));
        }, patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    void send(ClientConnection on) {
        stopTimer();
        try {
            stream = on.open(request, this);
        } catch (Http2Exception e) {
            fail(new IOException(what() + ": " + e.getMessage(), e));
            return;
        }
        connection = on;
        timer = pool.loop().schedule(this::timedOut, pool.answerTimeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void answered(ResponseRules.Response response) {
        ClientConnection on = connection;
        Stream onStream = stream;
        stopTimer();
        if (on == null || onStream == null || promise.isDone()) {
            return;
        }
        if (response.status() != 200) {
            on.abandon(onStream);
            promise.tryFailure(new TunnelRefusedException(what() + " was refused with status " + response.status(), response.status()));
        } else if (promise.setUncancellable()) {
            promise.trySuccess(on.attach(onStream, request.authority(), response.headers(), initializer));
        }
    }

    @Override
    public void failed(TunnelResetException reason) {
        stopTimer();
        if (promise.isDone()) {
            return;
        }
        ClientConnection on = connection;
        boolean refused = reason.errorCode() == Http2Error.REFUSED_STREAM.code(); // not processed (RFC 9113 section 8.7)
        // Perhaps the peer was gone before, without our knowledge. Nothing but the request was sent.
        boolean connectionLost = reason.errorCode() == -1 && on != null && !on.isViolated();
        if (on != null && (refused || connectionLost) && retries < RETRIES) {
            retries++;
            connection = null;
            stream = null;
            if (refused) {
                on.streamRefused();
            }
            pool.open(this);
            return;
        }
        fail(new IOException(what() + " failed: " + reason.getMessage(), reason));
    }

    /** Sends the request again, on another connection. The silent peer has been sent nothing else. */
    @Override
    public void peerFellSilent() {
        ClientConnection on = connection;
        Stream onStream = stream;
        if (on == null || onStream == null || promise.isDone() || retries == RETRIES) {
            return;
        }
        retries++;
        stopTimer();
        connection = null;
        stream = null;
        on.abandon(onStream);
        pool.open(this);
    }

    private void timedOut() {
        if (connection != null
                && promise.tryFailure(new SocketTimeoutException(what() + ": no answer to CONNECT within " + pool.answerTimeout()))) {
            abandon();
        }
    }

    private void abandon() {
        stopTimer();
        if (connection != null && stream != null) {
            connection.abandon(stream);
        } else {
            pool.leave(this);
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private String what() {
        return "HBONE tunnel to " + request.authority() + " through " + toSocketAddressString(destination.address());
    }
}
