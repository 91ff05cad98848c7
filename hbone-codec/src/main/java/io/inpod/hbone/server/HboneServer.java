package io.inpod.hbone.server;

import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneLimits;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.HboneTimes;
import io.inpod.hbone.HboneTls;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.internal.connection.Retirement;
import io.inpod.hbone.internal.connection.ServerConnection;
import io.inpod.hbone.internal.tls.PeerRule;
import io.inpod.hbone.internal.tls.ShownCertificates;
import io.inpod.hbone.internal.tls.TlsContexts;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The accepting side of HBONE. The caller listens and accepts; each accepted TCP channel gets a {@link #handler}. Clients need a
 * certificate with a SPIFFE ID of our trust domain, or of those that the caller names, TLS 1.3 and ALPN {@code h2}; other clients get no
 * tunnel. Thread-safe.
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
    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();

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
        this.certificates = Objects.requireNonNull(certificates, "certificates");
        this.options = Objects.requireNonNull(options, "options");
        this.events = Objects.requireNonNull(events, "events");
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
        return handler(identity, AcceptedClients.of(identity.trustDomain()), requests);
    }

    /**
     * Returns a handler for the clients of certain trust domains.
     *
     * @param identity our identity
     * @param clients the trust domains, for whose roots see {@link WorkloadCertificate#federated()}, and whether a client may have an
     *     identity of any path
     * @param requests accepts or refuses
     * @return the handler for accepted channels
     */
    public ChannelHandler handler(SpiffeId identity, AcceptedClients clients, TunnelRequestHandler requests) {
        return initializer(identity, new PeerRule.Domains(clients.trustDomains(), clients.anyPath()), requests);
    }

    private ChannelHandler initializer(SpiffeId identity, PeerRule clients, TunnelRequestHandler requests) {
        return new ServerInitializer(Objects.requireNonNull(identity, "identity"), clients, certificates, contexts, options, events,
                Objects.requireNonNull(requests, "requests"), connections);
    }

    /**
     * Returns a handler for certain clients only.
     *
     * @param identity our identity
     * @param clients the identities that a client may have, of any trust domain that our roots vouch for, and of any path; must not be
     *     empty, which never means "anyone"
     * @param requests accepts or refuses
     * @return the handler for accepted channels
     * @throws IllegalArgumentException if the set is empty
     */
    public ChannelHandler handler(SpiffeId identity, Set<SpiffeId> clients, TunnelRequestHandler requests) {
        if (clients.isEmpty()) {
            throw new IllegalArgumentException("no client is expected: an empty expectation doesn't mean anyone");
        }
        return initializer(identity, new PeerRule.OneOf(Set.copyOf(clients)), requests);
    }

    /**
     * Retires accepted connections, for example because a key is compromised: each ends as by {@link #drain}. New connections aren't
     * affected, so replace the certificate first, or revoke it ({@link HboneTls#crls()}). Connections that are still in their handshake are
     * closed, whichever they are: their certificates aren't known yet.
     *
     * @param which chooses the connections; called on their event loops
     * @param deadline how long their tunnels may continue, zero to a year; zero resets them now
     * @return completes on any of the event loops with the number of connections that are being retired, or with what {@code which} threw
     * @throws IllegalArgumentException if the deadline is out of range
     */
    public CompletionStage<Integer> retire(Predicate<ConnectionIdentities> which, Duration deadline) {
        Objects.requireNonNull(which, "which");
        Retirement.checked(deadline);
        return Retirement.ofAll(List.copyOf(connections), Channel::eventLoop, connection -> {
            ConnectionIdentities identities = ShownCertificates.of(connection);
            ServerConnection http2 = connection.pipeline().get(ServerConnection.class);
            if (identities == null || http2 == null) {
                connection.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                return 1;
            }
            if (!which.test(identities)) {
                return 0;
            }
            http2.drain(deadline);
            return 1;
        });
    }

    /**
     * Returns whose certificates an accepted connection has shown.
     *
     * @param connection an accepted channel with our handler, such as a request's {@link io.inpod.hbone.TunnelRequest#connection()}
     * @return the identities, or null before the end of its handshake; every connection with a request has them
     */
    public static @Nullable ConnectionIdentities identities(Channel connection) {
        return ShownCertificates.of(connection);
    }

    /**
     * Ends an accepted connection in order: sends GOAWAY now (RFC 9113 section 6.8), and closes when the last tunnel has ended. Tunnels
     * that are still open at the deadline are reset. A connection that is still in its handshake is closed. May be called from any thread;
     * the channel's {@code closeFuture()} completes at the end.
     *
     * @param connection an accepted channel with our handler
     * @param deadline how long tunnels may continue, zero to a year
     * @throws IllegalArgumentException if the deadline is out of range
     */
    public static void drain(Channel connection, Duration deadline) {
        Retirement.checked(deadline);
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
