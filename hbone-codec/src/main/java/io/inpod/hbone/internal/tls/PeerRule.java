package io.inpod.hbone.internal.tls;

import io.inpod.hbone.identity.SpiffeId;
import java.security.cert.CertificateException;
import java.util.Set;

/** Decides which identities a peer may have. */
public sealed interface PeerRule {
    /** Throws an exception that names what was expected, and what came. */
    void check(SpiffeId peer) throws CertificateException;

    /** Whether a peer's path may have another form than Istio's. */
    boolean anyPath();

    /** Any identity of these trust domains. */
    record Domains(Set<String> names, boolean anyPath) implements PeerRule {
        @Override
        public void check(SpiffeId peer) throws CertificateException {
            if (!names.contains(peer.trustDomain())) {
                throw new CertificateException("expected a peer of trust domain "
                        + (names.size() == 1 ? names.iterator().next() : "one of " + names) + ", got " + peer);
            }
        }
    }

    /** One of these identities; who names one with another path has asked for it. */
    record OneOf(Set<SpiffeId> expected) implements PeerRule {
        @Override
        public boolean anyPath() {
            return true;
        }

        @Override
        public void check(SpiffeId peer) throws CertificateException {
            if (!expected.contains(peer)) {
                throw new CertificateException("expected peer "
                        + (expected.size() == 1 ? expected.iterator().next() : "one of " + expected) + ", got " + peer);
            }
        }
    }
}
