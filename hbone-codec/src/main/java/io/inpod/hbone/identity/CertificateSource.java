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

    /**
     * Says that connections with an identity are going to be opened or accepted, until the result is closed. A source that fetches
     * certificates begins now, and drops certificate and key when the last use has ended. Unless a source overrides
     * it, this method asks for the certificate once, so that one which is issued on demand is ready.
     *
     * @param identity the identity
     * @return ends the use; closing it twice does nothing
     */
    @SuppressWarnings("FutureReturnValueIgnored") // a failure comes again when a connection asks
    default Use use(SpiffeId identity) {
        request(identity);
        return () -> {};
    }

    /**
     * Says that connections with an identity may be opened or accepted, until the result is closed. Unlike {@link #use}, it fetches
     * nothing: a source that only fetches certificates of identities in use does so when the first connection asks. Unless a source
     * overrides it, this method does nothing.
     *
     * @param identity the identity
     * @return ends the use; closing it twice does nothing
     */
    default Use allow(SpiffeId identity) {
        return () -> {};
    }

    /** The use of an identity, which lasts until it is closed. */
    @FunctionalInterface
    interface Use extends AutoCloseable {
        @Override
        void close();
    }
}
