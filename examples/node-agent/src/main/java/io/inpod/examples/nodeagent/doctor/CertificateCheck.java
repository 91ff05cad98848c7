package io.inpod.examples.nodeagent.doctor;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.netns.InPodConstants;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** What the pod's listener for tunnels presents in a TLS handshake, begun inside the pod without a certificate, and what it demands. */
final class CertificateCheck implements Check {
    private static final int URI = 6; // GeneralName of RFC 5280
    private static final int PATIENCE_MILLIS = 3_000;
    /** Certificates are renewed when half of their time has passed, or earlier. */
    private static final int LATE = 10;
    private static final String RESTART = "read the ztunnel's log for errors of its certificate source, and restart the ztunnel";

    private final Clock clock;

    CertificateCheck(Clock clock) {
        this.clock = clock;
    }

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        if (findings.skipAfter(Topic.CERTIFICATE, Topic.PROXY, Topic.SERVED, Topic.HBONE_PORT, Topic.LOOPBACK)) {
            findings.skipAfter(Topic.MTLS, Topic.PROXY, Topic.SERVED, Topic.HBONE_PORT, Topic.LOOPBACK);
            return;
        }
        InetAddress own = pod.addresses().stream().findFirst().orElse(InetAddress.getLoopbackAddress());
        TlsPeer peer = new TlsPeer();
        try (Attempt attempt = Attempt.of(pod.netns(), new InetSocketAddress(own, InPodConstants.HBONE_PORT))) {
            if (attempt.outcome() != Attempt.Outcome.ACCEPTED) {
                findings.fail(Topic.CERTIFICATE,
                        Subject.text(own) + " port " + InPodConstants.HBONE_PORT + " can't be reached from inside the pod: "
                                + attempt.problem(),
                        RESTART);
                findings.skipAfter(Topic.MTLS, Topic.CERTIFICATE);
                return;
            }
            attempt.channel().socket().setSoTimeout(PATIENCE_MILLIS);
            boolean admitted = isAdmitted(peer, attempt);
            if (peer.chain().isEmpty()) {
                findings.fail(Topic.CERTIFICATE,
                        "the listener on port " + InPodConstants.HBONE_PORT + " presents no certificate: " + peer.problem(), RESTART);
                findings.skipAfter(Topic.MTLS, Topic.CERTIFICATE);
                return;
            }
            certificate(peer.chain(), pod.names(), findings);
            if (admitted) {
                findings.fail(Topic.MTLS,
                        "the listener on port " + InPodConstants.HBONE_PORT + " accepted a handshake without a client certificate",
                        "a ztunnel never does that: find out which program listens there");
            } else {
                findings.ok(Topic.MTLS,
                        "tried: a TLS handshake with " + Subject.text(own) + " port " + InPodConstants.HBONE_PORT
                                + " without a certificate was refused");
            }
        }
    }

    /** Shakes hands. In TLS 1.3 the client learns only afterwards that it was refused. Returns whether it wasn't. */
    private static boolean isAdmitted(TlsPeer peer, Attempt attempt) throws IOException {
        try (SSLSocket tls = peer.over(attempt.channel().socket())) {
            tls.startHandshake();
            return tls.getInputStream().read() >= 0;
        } catch (SocketTimeoutException e) {
            peer.failed(e);
            return !peer.chain().isEmpty(); // it waits for data
        } catch (IOException e) {
            peer.failed(e);
            return false;
        }
    }

    private void certificate(List<X509Certificate> chain, @Nullable WorkloadInfo names, Findings findings) {
        X509Certificate leaf = chain.get(0);
        Instant now = clock.instant();
        Instant end = leaf.getNotAfter().toInstant();
        Instant begin = leaf.getNotBefore().toInstant();
        String identity = identity(leaf).orElse("none");
        String wanted = names == null ? null : "/ns/" + names.namespace() + "/sa/" + names.serviceAccount();
        Optional<String> broken = broken(chain);
        if (wanted != null && !identity.matches("spiffe://[^/]+\\Q" + wanted + "\\E")) {
            findings.fail(Topic.CERTIFICATE, "the identity is " + identity + ", but the pod is spiffe://TRUST-DOMAIN" + wanted,
                    "another pod's ztunnel, or another program, answers for this pod: compare the service account that the agent was told "
                            + "(./inpod agent list) with the pod's, and restart the ztunnel");
        } else if (end.isBefore(now)) {
            findings.fail(Topic.CERTIFICATE, identity + " has expired at " + end, RESTART);
        } else if (begin.isAfter(now)) {
            findings.fail(Topic.CERTIFICATE, identity + " is valid only from " + begin + ", and it is " + now,
                    "compare the clocks of this node and of the certificate authority");
        } else if (broken.isPresent()) {
            findings.fail(Topic.CERTIFICATE, broken.get(), RESTART);
        } else if (Duration.between(now, end).compareTo(Duration.between(begin, end).dividedBy(LATE)) < 0) {
            findings.warn(Topic.CERTIFICATE, identity + " expires at " + end + " and should have been renewed by now", RESTART);
        } else {
            findings.ok(Topic.CERTIFICATE, identity + ", valid until " + end
                    + (chain.size() == 1 ? "" : ", with a chain of " + chain.size() + " certificates"));
        }
    }

    private static Optional<String> identity(X509Certificate leaf) {
        try {
            Collection<List<?>> names = leaf.getSubjectAlternativeNames();
            return names == null ? Optional.empty()
                    : names.stream().filter(name -> name.get(0).equals(URI)).map(name -> String.valueOf(name.get(1))).findFirst();
        } catch (CertificateParsingException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> broken(List<X509Certificate> chain) {
        for (int i = 0; i + 1 < chain.size(); i++) {
            try {
                chain.get(i).verify(chain.get(i + 1).getPublicKey());
            } catch (GeneralSecurityException e) {
                return Optional.of("certificate " + (i + 1) + " of the chain isn't signed by the next one: " + e.getMessage());
            }
        }
        return Optional.empty();
    }
}
