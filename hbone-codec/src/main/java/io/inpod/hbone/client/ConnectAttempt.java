package io.inpod.hbone.client;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.connection.ClientConnection;
import io.inpod.hbone.internal.connection.ParentChannel;
import io.inpod.hbone.internal.tls.TlsGate;
import io.inpod.hbone.internal.tls.TlsLayer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One attempt to open a connection: our certificate, TCP, TLS, and the peer's SETTINGS, each with its time limit. */
final class ConnectAttempt implements TlsGate.Outcome {
    private final HboneDestination destination;
    private final EventLoop loop;
    private final HboneOptions options;
    private final HboneEvents events;
    private final PoolEntry pool;
    private @Nullable ClientConnection connection;
    private @Nullable Channel channel;
    private @Nullable Future<?> connecting;
    private @Nullable Future<?> patience;
    private boolean over;

    ConnectAttempt(HboneDestination destination, EventLoop loop, HboneOptions options, HboneEvents events, PoolEntry pool) {
        this.destination = destination;
        this.loop = loop;
        this.options = options;
        this.events = events;
        this.pool = pool;
    }

    boolean isFor(ClientConnection candidate) {
        return connection == candidate;
    }

    void start(Connector connector, PoolEntry.ClientTls tls) {
        patience = loop.schedule(() -> fail("no certificate within " + options.times().handshake(), null),
                options.times().handshake().toNanos(), TimeUnit.NANOSECONDS);
        // Not on the caller's stack, as the caller is still adding requests to the queue.
        tls.layer(destination).whenComplete((layer, problem) -> loop.execute(() -> {
            if (patience != null) {
                patience.cancel(false);
            }
            if (over) {
                return;
            }
            if (problem != null) {
                Throwable cause = problem instanceof CompletionException && problem.getCause() != null ? problem.getCause() : problem;
                fail(cause.getMessage(), cause);
            } else {
                connect(connector, layer);
            }
        }));
    }

    private void connect(Connector connector, TlsLayer tls) {
        Future<?> future;
        try {
            future = connector.connect(loop, destination, new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel made) {
                    channel = made;
                    if (over) {
                        made.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                        return;
                    }
                    ParentChannel.configure(made, options.memory());
                    tls.install(made, ConnectAttempt.this);
                }
            });
        } catch (RuntimeException e) {
            fail(e.getMessage(), e);
            return;
        }
        connecting = future;
        future.addListener(f -> {
            if (!f.isSuccess()) {
                loop.execute(() -> fail(f.cause().getMessage(), f.cause()));
            }
        });
    }

    void cancel() {
        over = true;
        if (patience != null) {
            patience.cancel(false);
        }
        if (connecting != null) {
            connecting.cancel(false);
        }
        if (channel != null && channel.isRegistered()) {
            channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    private void fail(@Nullable String why, @Nullable Throwable cause) {
        if (!over) {
            over = true;
            pool.attemptFailed(this,
                    new IOException("HBONE connection to " + toSocketAddressString(destination.address()) + " failed: " + why, cause));
        }
    }

    @Override
    public ChannelHandler established(Channel made, SpiffeId peer) {
        ClientConnection http2 = new ClientConnection(peer, options, events, pool);
        connection = http2;
        return http2;
    }

    @Override
    public void failed(Channel made, String reason) {
        events.handshakeFailed(made, reason);
        fail(reason, null);
    }
}
