package io.inpod.hbone.internal.tls;

import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What a connection's certificates say, kept with its TCP channel from the end of the handshake. */
public final class ShownCertificates {
    private static final AttributeKey<ConnectionIdentities> IDENTITIES = AttributeKey.valueOf(ShownCertificates.class, "identities");

    private static final AttributeKey<Instant> EXPIRY = AttributeKey.valueOf(ShownCertificates.class, "expiry");

    private ShownCertificates() {}

    /** Returns what the connection has shown, or null before the end of its handshake. */
    public static @Nullable ConnectionIdentities of(Channel connection) {
        return connection.attr(IDENTITIES).get();
    }

    /** Returns when the first of the certificates of both ends expires; far in the future if there are none. */
    public static Instant expiry(Channel connection) {
        Instant expiry = connection.attr(EXPIRY).get();
        return expiry == null ? Instant.MAX : expiry;
    }

    /** Keeps what is known after the handshake. Ours is the certificate that we would show, even if the peer hasn't asked for it. */
    static ConnectionIdentities keep(Channel connection, WorkloadCertificate ours, SSLSession session)
            throws SSLPeerUnverifiedException, CertificateException {
        List<X509Certificate> chain = Arrays.stream(session.getPeerCertificates()).map(X509Certificate.class::cast).toList();
        X509Certificate peer = chain.get(0);
        ConnectionIdentities identities = new ConnectionIdentities(ours.identity(), ours.chain().get(0).getSerialNumber(),
                SpiffeId.ofAnyPath(peer), peer.getSerialNumber(), chain, ours.chain(), roots(ours));
        connection.attr(IDENTITIES).set(identities);
        connection.attr(EXPIRY).set(chain.stream().map(certificate -> certificate.getNotAfter().toInstant())
                .reduce(ours.validUntil(), (one, other) -> one.isBefore(other) ? one : other));
        return identities;
    }

    /** Mostly the very list that all connections with the certificate have. */
    private static List<X509Certificate> roots(WorkloadCertificate ours) {
        return ours.federated().isEmpty() ? ours.trustAnchors()
                : Stream.concat(ours.trustAnchors().stream(), ours.federated().values().stream().flatMap(List::stream)).toList();
    }
}
