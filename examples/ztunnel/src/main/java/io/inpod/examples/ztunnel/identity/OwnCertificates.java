package io.inpod.examples.ztunnel.identity;

import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;

/**
 * The certificates of the pods on this node. That there is none for one of them is marked as a failure of its own, for logs and metrics: it
 * isn't the peer's. Thread-safe.
 */
public final class OwnCertificates implements CertificateSource {
    private final CertificateSource source;
    private final LongAdder failures = new LongAdder();

    /**
     * Creates a source.
     *
     * @param source where certificates come from
     */
    public OwnCertificates(CertificateSource source) {
        this.source = source;
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        try {
            return source.certificate(identity);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        return source.request(identity).handle((certificate, problem) -> {
            if (problem != null) {
                throw new CompletionException(
                        failure(problem instanceof CompletionException && problem.getCause() != null ? problem.getCause() : problem));
            }
            return certificate;
        });
    }

    @Override
    public Use use(SpiffeId identity) {
        return source.use(identity);
    }

    @Override
    public Use allow(SpiffeId identity) {
        return source.allow(identity);
    }

    private NoCertificateException failure(Throwable cause) {
        failures.increment();
        return new NoCertificateException(cause);
    }

    /** {@return how often there was no certificate since the start} */
    public long failures() {
        return failures.sum();
    }
}
