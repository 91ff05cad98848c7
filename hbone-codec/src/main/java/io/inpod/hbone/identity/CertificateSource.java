package io.inpod.hbone.identity;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Supplies certificates. Implementations are thread-safe. */
@FunctionalInterface
public interface CertificateSource {
    /**
     * Returns the certificate in force. It is called on event loops for each new connection, so it usually answers from memory, and within
     * a few milliseconds at most; a source that needs the network fetches in advance. It returns the same instance until the certificate
     * changes; new connections use a new instance immediately.
     *
     * @param identity the identity of the certificate
     * @return a valid certificate of exactly this identity
     * @throws IOException if there is none; the message says why
     */
    WorkloadCertificate certificate(SpiffeId identity) throws IOException;

    /**
     * Returns the certificate as soon as there is one. New connections call this method, and wait within the time limit of their handshake.
     * A source that always answers from memory need not implement it.
     *
     * @param identity the requested identity
     * @return completes on any thread with a certificate, or fails with an {@link IOException} whose message says why there is none
     */
    default CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        try {
            return CompletableFuture.completedFuture(certificate(identity));
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
