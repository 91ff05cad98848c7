package io.inpod.hbone.forward;

import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * Leads accepted connections through tunnels, so that clients which know only sockets (psql, curl, a gRPC stub) reach an app by HBONE: they
 * connect to a local port. The caller listens, and so decides who can connect: everybody who can has the identity of the tunnels, so bind
 * the port to a loopback address, or to one in the client's own network namespace.
 *
 * <p>Each connection has a tunnel of its own. It isn't read before there is one, and is reset if there is none: a client never sees the
 * regular end of a connection that hasn't reached its app. After that, {@link io.inpod.tproxy.relay.Relay} carries both directions.
 *
 * <p>The event loops of the listener's children must be those of the {@link HboneClient}, and have a {@link RelayIoHandler}. Thread-safe.
 */
public final class PortForwarder {
    private final HboneClient hbone;
    private final Splice splice;

    /**
     * Creates a forwarder with {@link RelayOptions#DEFAULT} that tells nobody.
     *
     * @param hbone opens the tunnels; remains the caller's
     */
    public PortForwarder(HboneClient hbone) {
        this(hbone, RelayOptions.DEFAULT, ForwardListener.NONE);
    }

    /**
     * Creates a forwarder.
     *
     * @param hbone opens the tunnels; remains the caller's
     * @param options buffers and timeouts of the relays
     * @param listener learns what becomes of the connections
     */
    public PortForwarder(HboneClient hbone, RelayOptions options, ForwardListener listener) {
        this.hbone = Objects.requireNonNull(hbone, "hbone");
        this.splice = new Splice(Objects.requireNonNull(options, "options"), Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Returns a handler for accepted connections, without further headers.
     *
     * @param peer the HBONE peer, our identity, and the identity that we expect of the peer
     * @param app the tunnels' destination
     * @return see {@link #handler(HboneDestination, Authority, List)}
     */
    public ChannelHandler handler(HboneDestination peer, Authority app) {
        return handler(peer, app, List.of());
    }

    /**
     * Returns a handler for accepted connections. It must be the only handler in their pipeline (a bootstrap's {@code childHandler}), and
     * all of a listener's connections can share it.
     *
     * @param peer the HBONE peer, our identity, and the identity that we expect of the peer
     * @param app the tunnels' destination
     * @param headers further headers of each request
     * @return the handler
     */
    public ChannelHandler handler(HboneDestination peer, Authority app, List<Header> headers) {
        Objects.requireNonNull(peer, "peer");
        Objects.requireNonNull(app, "app");
        List<Header> copy = List.copyOf(headers);
        return new ChannelInitializer<DuplexChannel>() {
            @Override
            protected void initChannel(DuplexChannel client) {
                forward(client, peer, app, copy);
            }
        };
    }

    private void forward(DuplexChannel client, HboneDestination peer, Authority app, List<Header> headers) {
        RelayOptions options = splice.options();
        options.prepare(client);
        Future<TunnelChannel> tunnel = hbone.connect(peer, app, headers, options.preparation());
        client.closeFuture().addListener(gone -> tunnel.cancel(false)); // does nothing after success
        tunnel.addListener((Future<TunnelChannel> done) -> {
            if (done.isSuccess()) {
                splice.join(client, done.getNow(), app);
                return;
            }
            Resets.reset(client);
            splice.listener().failed(client, app, done.isCancelled()
                    ? new IOException("the client disconnected before there was a tunnel", done.cause()) : done.cause());
        });
    }
}
