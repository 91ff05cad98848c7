package io.inpod.hbone.identity;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/**
 * When a workload's certificates can be used: as long as the whole chain is valid, and one of the roots.
 *
 * @param from the first instant
 * @param until the last instant
 */
record Validity(Instant from, Instant until) {
    static Validity of(WorkloadCertificate certificate) {
        List<X509Certificate> chain = certificate.chain();
        Instant from = chain.stream().map(one -> one.getNotBefore().toInstant()).max(Comparator.naturalOrder()).orElseThrow();
        Instant chains = chain.stream().map(one -> one.getNotAfter().toInstant()).min(Comparator.naturalOrder()).orElseThrow();
        Instant roots =
                certificate.trustAnchors().stream().map(one -> one.getNotAfter().toInstant()).max(Comparator.naturalOrder()).orElseThrow();
        return new Validity(from, chains.isBefore(roots) ? chains : roots);
    }

    /** {@return the instant from which only a third of the time is left} */
    Instant lastThird() {
        return until.minus(Duration.between(from, until).dividedBy(3));
    }

    /** Throws an exception that names the instant unless the certificates are valid now. */
    void check(Instant now, Object name) throws IOException {
        if (now.isAfter(until)) {
            throw expired(name);
        } else if (now.isBefore(from)) {
            throw new IOException(name + ", or an intermediate in it, is not valid before " + from);
        }
    }

    IOException expired(Object name) {
        return new IOException(name + " has expired, or an intermediate in it or all roots have: they were valid until " + until);
    }
}
