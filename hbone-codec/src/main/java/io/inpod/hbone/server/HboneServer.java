package io.inpod.hbone.server;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneLimits;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.HboneTimes;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.connection.ServerConnection;
import io.inpod.hbone.internal.tls.TlsContexts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;

/**
 * The accepting side of HBONE. The caller listens and accepts; each accepted TCP channel gets a {@link #handler}. Clients need a
 * certificate with a SPIFFE ID of our trust domain, TLS 1.3 and ALPN {@code h2}; other clients get no tunnel. Thread-safe.
 *
 * <p>A malformed request costs only its stream (RST_STREAM PROTOCOL_ERROR). The server answers methods other than CONNECT with 400, header
 * lists that are too large with 431, requests that the handler doesn't answer in time with 504, and requests beyond the limit of tunnels
 * with REFUSED_STREAM. Violations of HTTP/2 framing and floods ({@link HboneLimits}) end the connection with GOAWAY. Every wait has a limit
 * ({@link HboneTimes}).
 */
public final class HboneServer {
    private final CertificateSource certificates;
    private final HboneOptions options;
    private final HboneEvents events;
    private final TlsContexts contexts;

    /**
     * Creates a server with the default options.
     *
     * @param certificates supplies our certificate, once per accepted connection
     */
    public HboneServer(CertificateSource certificates) {
        this(certificates, HboneOptions.server(), HboneEvents.NONE);
    }

    /**
     * Creates a server.
     *
     * @param certificates source of our certificates
     * @param options sizes, times and TLS
     * @param events receives events
     */
    public HboneServer(CertificateSource certificates, HboneOptions options, HboneEvents events) {
        this.certificates = Objects.requireNonNull(certificates);
        this.options = Objects.requireNonNull(options);
        this.events = Objects.requireNonNull(events);
        this.contexts = new TlsContexts(options.tls());
    }

    /**
     * Returns the handler for accepted channels. It must be the only handler in their pipeline (a bootstrap's {@code childHandler}), and
     * all channels of a listener can share it.
     *
     * @param identity our identity towards the clients
     * @param requests accepts or refuses CONNECT requests
     * @return the handler
     */
    public ChannelHandler handler(SpiffeId identity, TunnelRequestHandler requests) {
        return new ServerInitializer(identity, null, certificates, contexts, options, events, requests);
    }

    /**
     * Returns a handler for certain clients only.
     *
     * @param identity our identity
     * @param clients the identities that a client may have, of any trust domain that our roots vouch for; must not be empty, which never
     *     means "anyone"
     * @param requests accepts or refuses
     * @return the handler for accepted channels
     * @throws IllegalArgumentException if the set is empty
     */
    public ChannelHandler handler(SpiffeId identity, Set<SpiffeId> clients, TunnelRequestHandler requests) {
        if (clients.isEmpty()) {
            throw new IllegalArgumentException("no client is expected: an empty expectation doesn't mean anyone");
        }
        return new ServerInitializer(identity, Set.copyOf(clients), certificates, contexts, options, events, requests);
    }

    /**
     * Ends an accepted connection in order: sends GOAWAY now (RFC 9113 section 6.8), and closes when the last tunnel has ended. Tunnels
     * that are still open at the deadline are reset. A connection that is still in its handshake is closed. May be called from any thread;
     * the channel's {@code closeFuture()} completes at the end.
     *
     * @param connection an accepted channel with our handler
     * @param deadline how long tunnels may continue
     */
    public static void drain(Channel connection, Duration deadline) {
        connection.eventLoop().execute(() -> {
            ServerConnection http2 = connection.pipeline().get(ServerConnection.class);
            if (http2 == null) {
                connection.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            } else {
                http2.drain(deadline);
            }
        });
    }
}
