package io.inpod.hbone.internal;

import io.inpod.hbone.Connector;
import io.inpod.hbone.HboneDestination;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** One attempt to get a connection: TCP, TLS, and the peer's SETTINGS, each with its bound. */
final class ConnectAttempt implements TlsGate.Outcome {
    private final HboneDestination destination;
    private final HboneOptions options;
    private final HboneEvents events;
    private final PoolEntry pool;
    private @Nullable ClientConnection connection;
    private @Nullable ChannelFuture tcp;
    private boolean over;

    ConnectAttempt(HboneDestination destination, HboneOptions options, HboneEvents events, PoolEntry pool) {
        this.destination = destination;
        this.options = options;
        this.events = events;
        this.pool = pool;
    }

    boolean isFor(ClientConnection candidate) {
        return connection == candidate;
    }

    void start(EventLoop loop, Connector connector, PoolEntry.ClientTls tls) {
        ChannelFuture future;
        try {
            SslContext context = tls.context(destination);
            future = connector.connect(loop, destination, new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    ParentChannel.configure(channel);
                    SslHandler handler = TlsContexts.newHandler(context, channel.alloc());
                    handler.setHandshakeTimeoutMillis(options.handshakeTimeout().toMillis());
                    channel.pipeline().addLast(handler, new TlsGate(ConnectAttempt.this));
                }
            });
        } catch (IOException | RuntimeException e) {
            loop.execute(() -> fail(e.getMessage(), e));
            return;
        }
        tcp = future;
        future.addListener(f -> {
            if (!f.isSuccess()) {
                loop.execute(() -> fail(f.cause().getMessage(), f.cause()));
            } else if (over) {
                future.channel().close();
            }
        });
    }

    void cancel() {
        over = true;
        if (tcp != null) {
            tcp.cancel(false);
            tcp.channel().close();
        }
    }

    private void fail(@Nullable String why, @Nullable Throwable cause) {
        if (!over) {
            over = true;
            pool.attemptFailed(this, new IOException("HBONE connection to " + destination.address() + " failed: " + why, cause));
        }
    }

    @Override
    public ChannelHandler established(Channel channel, SpiffeId peer) {
        ClientConnection made = new ClientConnection(peer, options, events, pool);
        connection = made;
        return made;
    }

    @Override
    public void failed(Channel channel, String reason) {
        events.handshakeFailed(channel, reason);
        fail(reason, null);
    }
}
