package io.inpod.hbone.forward;

import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.TunnelResetException;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;

/**
 * Leads tunnels to apps: accepts a CONNECT request once the app has accepted a TCP connection, and relays. A request that
 * {@link Destinations} doesn't permit is refused with status 401, one whose app can't be reached within ten seconds with 503. If the client
 * cancels its request, connecting to the app is given up.
 *
 * <p>The event loops of the HBONE connections need a {@link RelayIoHandler}. Thread-safe.
 */
public final class AppConnector implements TunnelRequestHandler {
    private static final int CONNECT_MILLIS = 10_000;
    private static final int FORBIDDEN = 401;
    private static final int UNAVAILABLE = 503;

    private final ChannelFactory<? extends DuplexChannel> sockets;
    private final Destinations destinations;
    private final Splice splice;

    /**
     * Creates a handler with {@link RelayOptions#DEFAULT} that tells nobody.
     *
     * @param sockets creates unconnected TCP channels, for example {@code EpollSocketChannel::new}
     * @param destinations decides which app a tunnel leads to
     */
    public AppConnector(ChannelFactory<? extends DuplexChannel> sockets, Destinations destinations) {
        this(sockets, destinations, RelayOptions.DEFAULT, ForwardListener.NONE);
    }

    /**
     * Creates a handler.
     *
     * @param sockets creates unconnected TCP channels
     * @param destinations decides which app a tunnel leads to
     * @param options buffers and timeouts of the relays
     * @param listener learns what becomes of the connections
     */
    public AppConnector(ChannelFactory<? extends DuplexChannel> sockets, Destinations destinations, RelayOptions options,
            ForwardListener listener) {
        this.sockets = Objects.requireNonNull(sockets, "sockets");
        this.destinations = Objects.requireNonNull(destinations, "destinations");
        this.splice = new Splice(Objects.requireNonNull(options, "options"), Objects.requireNonNull(listener, "listener"));
    }

    @Override
    public void onConnect(TunnelRequest request) {
        InetSocketAddress app = destinations.of(request);
        if (app == null) {
            refuse(request, FORBIDDEN, new IOException(request.authority() + " is not permitted to " + request.peerIdentity()));
            return;
        }
        if (app.isUnresolved()) {
            throw new IllegalArgumentException("the destination " + app + " of " + request.authority() + " isn't resolved; a look-up here"
                    + " would block the event loop");
        }
        ChannelFuture connecting = new Bootstrap().group(request.connection().eventLoop()).channelFactory(sockets)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS).handler(splice.options().preparation()).connect(app);
        request.abandoned().addListener(gone -> connecting.cancel(false)); // does nothing after success
        connecting.addListener((ChannelFuture done) -> {
            if (done.isSuccess()) {
                accept(request, (DuplexChannel) done.channel());
            } else {
                refuse(request, UNAVAILABLE, done.isCancelled() ? new IOException("the client cancelled the request") : done.cause());
            }
        });
    }

    private void refuse(TunnelRequest request, int status, Throwable cause) {
        request.refuse(status);
        splice.listener().failed(request.connection(), request.authority(), cause);
    }

    private void accept(TunnelRequest request, DuplexChannel app) {
        Authority authority = request.authority();
        TunnelChannel tunnel;
        try {
            tunnel = request.accept(List.of(), splice.options().preparation());
        } catch (TunnelResetException e) {
            Resets.reset(app);
            splice.listener().failed(request.connection(), authority, e);
            return;
        } catch (RuntimeException | Error e) {
            Resets.reset(app);
            throw e;
        }
        splice.join(tunnel, app, authority);
    }
}
