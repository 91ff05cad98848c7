package io.inpod.examples.ztunnel.identity;

import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A source of certificates that remembers what it has given to whom, for operators. Only identities of pods on this node are asked for, so
 * there are few. Thread-safe.
 */
public final class KnownCertificates implements CertificateSource {
    private final CertificateSource source;
    private final Map<SpiffeId, Known> known = new ConcurrentHashMap<>();
    private final LongAdder failures = new LongAdder();

    /**
     * What is known of an identity.
     *
     * @param certificate its last certificate, or null if there was none yet
     * @param error why there was none when it was asked for last, or null if there was one or it is on its way
     */
    public record Known(@Nullable WorkloadCertificate certificate, @Nullable String error) {}

    /**
     * Creates a source that doesn't know anything yet.
     *
     * @param source where certificates come from
     */
    public KnownCertificates(CertificateSource source) {
        this.source = source;
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        try {
            WorkloadCertificate certificate = source.certificate(identity);
            remember(identity, certificate);
            return certificate;
        } catch (IOException e) {
            throw forget(identity, e);
        }
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        known.computeIfAbsent(identity, nobody -> new Known(null, null));
        return source.request(identity).handle((certificate, problem) -> {
            if (problem != null) {
                throw new CompletionException(forget(identity,
                        problem instanceof CompletionException && problem.getCause() != null ? problem.getCause() : problem));
            }
            remember(identity, certificate);
            return certificate;
        });
    }

    @SuppressWarnings("ReferenceEquality") // a source returns the same certificate until it changes
    private void remember(SpiffeId identity, WorkloadCertificate certificate) {
        Known last = known.get(identity);
        if (last == null || last.certificate() != certificate || last.error() != null) {
            known.put(identity, new Known(certificate, null));
        }
    }

    private NoCertificateException forget(SpiffeId identity, Throwable cause) {
        failures.increment();
        NoCertificateException failure = new NoCertificateException(cause);
        known.compute(identity, (id, last) -> new Known(last == null ? null : last.certificate(), failure.getMessage()));
        return failure;
    }

    /**
     * Returns what is known, and forgets the identities that nobody has any more.
     *
     * @param used the identities of the pods that are served now
     * @return what is known of each of them that was asked for, by identity
     */
    public Map<String, Known> known(Set<SpiffeId> used) {
        known.keySet().retainAll(used);
        Map<String, Known> sorted = new TreeMap<>();
        known.forEach((identity, what) -> sorted.put(identity.toString(), what));
        return sorted;
    }

    /** {@return how often there was no certificate since the start} */
    public long failures() {
        return failures.sum();
    }
}
