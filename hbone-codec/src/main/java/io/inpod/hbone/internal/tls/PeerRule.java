package io.inpod.hbone.internal.tls;

import io.inpod.hbone.identity.SpiffeId;
import java.security.cert.CertificateException;
import java.util.Set;

/** Decides which identities a peer may have. */
@FunctionalInterface
interface PeerRule {
    void check(SpiffeId peer) throws CertificateException;

    static PeerRule sameTrustDomain(String trustDomain) {
        return peer -> {
            if (!peer.trustDomain().equals(trustDomain)) {
                throw new CertificateException("expected a peer of trust domain " + trustDomain + ", got " + peer);
            }
        };
    }

    static PeerRule oneOf(Set<SpiffeId> expected) {
        return peer -> {
            if (!expected.contains(peer)) {
                throw new CertificateException("expected peer "
                        + (expected.size() == 1 ? expected.iterator().next() : "one of " + expected) + ", got " + peer);
            }
        };
    }
}
