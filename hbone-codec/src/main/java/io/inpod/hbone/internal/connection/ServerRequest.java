package io.inpod.hbone.internal.connection;

import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.headers.HeaderCodec.Field;
import io.inpod.hbone.internal.stream.Stream;
import io.inpod.hbone.internal.stream.StreamOwner;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A CONNECT request that has been received, until it is answered. */
final class ServerRequest implements TunnelRequest, StreamOwner {
    private static final List<Field> OK = List.of(new Field(":status", "200"));

    private final ServerConnection connection;
    private final Stream stream;
    private final @Nullable Authority authority;
    private final List<Header> headers;
    private final Promise<Void> abandoned;
    private boolean answered;
    private boolean expired;
    private @Nullable Future<?> timer;

    ServerRequest(ServerConnection connection, Stream stream, @Nullable Authority authority, List<Header> headers) {
        this.connection = connection;
        this.stream = stream;
        this.authority = authority;
        this.headers = List.copyOf(headers);
        this.abandoned = connection.channel().eventLoop().newPromise();
    }

    @Override
    public Authority authority() {
        return Objects.requireNonNull(authority);
    }

    @Override
    public List<Header> headers() {
        return headers;
    }

    @Override
    public SpiffeId peerIdentity() {
        return connection.peerIdentity();
    }

    @Override
    public Channel connection() {
        return connection.channel();
    }

    @Override
    public Future<Void> abandoned() {
        return abandoned;
    }

    void awaitAnswer(Duration patience) {
        timer = connection.channel().eventLoop().schedule(() -> {
            if (!answered) {
                refuse(504);
                expired = true;
                connection.events.requestExpired(connection.channel(), patience);
                abandoned.trySuccess(null);
            }
        }, patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void failed(TunnelResetException reason) {
        stopTimer();
        abandoned.trySuccess(null);
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    @Override
    public TunnelChannel accept(List<Header> extraHeaders, ChannelHandler initializer) throws TunnelResetException {
        answer();
        if (expired || stream.isClosed()) {
            TunnelResetException failure = stream.failure();
            throw failure == null ? new TunnelResetException("the request is gone", -1) : failure;
        }
        try {
            connection.streams().sendHeaders(stream, OK, extraHeaders, false);
        } catch (Http2Exception e) {
            connection.streams().reset(stream, Http2Error.INTERNAL_ERROR);
            throw new TunnelResetException("the answer can't be sent: " + e.getMessage(), Http2Error.INTERNAL_ERROR.code());
        }
        return connection.streams().attach(stream, authority(), headers, initializer);
    }

    @Override
    public void refuse(int status) {
        if (status < 300 || status > 599) {
            throw new IllegalArgumentException("not a refusal: " + status);
        }
        answer();
        if (expired || stream.isClosed()) {
            return;
        }
        stream.disown();
        try {
            connection.streams().sendHeaders(stream, List.of(new Field(":status", Integer.toString(status))), List.of(), true);
            connection.streams().reset(stream, Http2Error.NO_ERROR);
        } catch (Http2Exception e) {
            connection.streams().reset(stream, Http2Error.INTERNAL_ERROR);
        }
    }

    void refuseIfOpen(int status) {
        if (!answered) {
            refuse(status);
        }
    }

    private void answer() {
        if (!connection.channel().eventLoop().inEventLoop()) {
            throw new IllegalStateException("a request is answered on its connection's event loop");
        }
        if (answered && !expired) {
            throw new IllegalStateException("the request was answered already");
        }
        answered = true;
        stopTimer();
    }
}
