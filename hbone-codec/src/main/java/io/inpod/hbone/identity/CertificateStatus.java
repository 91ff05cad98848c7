package io.inpod.hbone.identity;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link CertificateFetcher} knows of an identity.
 *
 * @param identity the identity
 * @param certificate the certificate that was fetched last, which may have expired; null before the first
 * @param failure why the last attempt failed; null if it succeeded, or none has ended yet
 * @param state what that means for connections
 */
public record CertificateStatus(SpiffeId identity, @Nullable WorkloadCertificate certificate, @Nullable IOException failure, State state) {
    /** Whether connections get a certificate. */
    public enum State {
        /** Not yet: the first attempt hasn't ended. Connections wait. */
        INITIALIZING,
        /** There is a valid certificate, even if its renewal has failed. */
        AVAILABLE,
        /** There is none, or it has expired. Connections fail. */
        UNAVAILABLE
    }
}
