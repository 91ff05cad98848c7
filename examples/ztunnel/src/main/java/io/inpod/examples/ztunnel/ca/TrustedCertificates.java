package io.inpod.examples.ztunnel.ca;

import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The certificates of another source as long as they aren't revoked: a connection would be of no use with one that is. Thread-safe. */
record TrustedCertificates(CertificateSource source, Revocations revocations) implements CertificateSource {
    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        WorkloadCertificate certificate = source.certificate(identity);
        if (revocations.revokes(certificate)) {
            throw revoked(identity);
        }
        return certificate;
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        return source.request(identity).thenCompose(certificate -> revocations.revokes(certificate)
                ? CompletableFuture.failedFuture(revoked(identity)) : CompletableFuture.completedFuture(certificate));
    }

    private static IOException revoked(SpiffeId identity) {
        return new IOException("the certificate of " + identity + " is revoked, and there is no other yet");
    }

    @Override
    public Use use(SpiffeId identity) {
        return source.use(identity);
    }

    @Override
    public Use allow(SpiffeId identity) {
        return source.allow(identity);
    }
}
