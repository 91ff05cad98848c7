package io.inpod.hbone;

import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.ServerConnection;
import io.inpod.hbone.internal.ServerInitializer;
import io.inpod.hbone.internal.TlsContexts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;

/**
 * The accepting side of HBONE. The caller listens and accepts; each accepted TCP channel gets {@link #handler}. Clients need a
 * certificate with a SPIFFE ID of our trust domain, TLS 1.3 and ALPN {@code h2}; others get no tunnel. Thread-safe.
 *
 * <p>Malformed requests cost their stream only (RST_STREAM PROTOCOL_ERROR); other methods than CONNECT are answered with 400, too large header
 * lists with 431, requests that the handler doesn't answer in time with 504, and too many tunnels with REFUSED_STREAM. What breaks HTTP/2, or comes as
 * a flood ({@link HboneLimits}), ends the connection with GOAWAY. No step is waited for without a bound ({@link HboneTimes}).
 */
public final class HboneServer {
    private final CertificateSource certificates;
    private final HboneOptions options;
    private final HboneEvents events;
    private final TlsContexts contexts;

    /**
     * A server with the usual options.
     *
     * @param certificates our certificates; asked once per accepted connection
     */
    public HboneServer(CertificateSource certificates) {
        this(certificates, HboneOptions.server(), HboneEvents.NONE);
    }

    /**
     * A server.
     *
     * @param certificates our certificates; asked once per accepted connection
     * @param options sizes and times
     * @param events hears of failures
     */
    public HboneServer(CertificateSource certificates, HboneOptions options, HboneEvents events) {
        this.certificates = Objects.requireNonNull(certificates);
        this.options = Objects.requireNonNull(options);
        this.events = Objects.requireNonNull(events);
        this.contexts = new TlsContexts(options.tls());
    }

    /**
     * The handler for accepted channels, as the first and only one in their pipeline (a bootstrap's {@code childHandler}). It can be
     * shared by all channels of a listener.
     *
     * @param identity who we are to the clients
     * @param requests decides about each CONNECT request
     * @return the handler
     */
    public ChannelHandler handler(SpiffeId identity, TunnelRequestHandler requests) {
        return new ServerInitializer(identity, null, certificates, contexts, options, events, requests);
    }

    /**
     * The same, for certain clients only.
     *
     * @param identity who we are to the clients
     * @param clients the identities that a client may have, of whatever trust domain our roots vouch for; not empty: that would never mean "anyone"
     * @param requests decides about each CONNECT request
     * @return the handler
     * @throws IllegalArgumentException if nobody is expected
     */
    public ChannelHandler handler(SpiffeId identity, Set<SpiffeId> clients, TunnelRequestHandler requests) {
        if (clients.isEmpty()) {
            throw new IllegalArgumentException("no client is expected: an empty expectation doesn't mean anyone");
        }
        return new ServerInitializer(identity, Set.copyOf(clients), certificates, contexts, options, events, requests);
    }

    /**
     * Ends an accepted connection in order: GOAWAY now (RFC 9113 section 6.8), and the close when its last tunnel has ended; what still runs at
     * the deadline is reset. A connection that is still in its handshake is closed. May be called from any thread; watch the channel's
     * {@code closeFuture()} for the end.
     *
     * @param connection an accepted channel with our handler
     * @param deadline how long tunnels may go on
     */
    public static void drain(Channel connection, Duration deadline) {
        connection.eventLoop().execute(() -> {
            ServerConnection http2 = connection.pipeline().get(ServerConnection.class);
            if (http2 == null) {
                connection.close();
            } else {
                http2.drain(deadline);
            }
        });
    }
}
