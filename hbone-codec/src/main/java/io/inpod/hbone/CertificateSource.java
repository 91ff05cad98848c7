package io.inpod.hbone;

import java.io.IOException;

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
}
