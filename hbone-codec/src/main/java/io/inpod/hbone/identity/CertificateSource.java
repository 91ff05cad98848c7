package io.inpod.hbone.identity;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Where certificates come from. Thread-safe. */
@FunctionalInterface
public interface CertificateSource {
    /**
     * The certificate that is in force now. Called on event loops for each new connection: answers from memory in the usual case, and in
     * a few milliseconds at most (a source that has to ask the network fetches ahead of time). As long as nothing changed it returns the same
     * instance; a new instance is used for new connections at once.
     *
     * @param identity whose certificate
     * @return a valid certificate of exactly that identity
     * @throws IOException if there is none; the message says why
     */
    WorkloadCertificate certificate(SpiffeId identity) throws IOException;

    /**
     * The certificate, as soon as there is one: what a new connection asks for, and waits for within its handshake's bound. A source that
     * always answers from memory need not implement it.
     *
     * @param identity whose certificate
     * @return completes on any thread, with a certificate or an {@link IOException} whose message says why there is none
     */
    default CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        try {
            return CompletableFuture.completedFuture(certificate(identity));
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
