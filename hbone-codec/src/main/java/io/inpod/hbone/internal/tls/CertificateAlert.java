package io.inpod.hbone.internal.tls;

import io.netty.handler.ssl.OpenSslCertificateException;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.CertificateVerifier;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertPathValidatorException.Reason;
import java.security.cert.CertificateException;
import java.security.cert.PKIXReason;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/**
 * The TLS alert that tells a peer why its certificate was refused, RFC 8446 section 6.2. The JDK chooses it itself. For BoringSSL, Netty
 * knows the validity and revocation; everything else would be internal_error, as if the fault were here.
 */
final class CertificateAlert {
    private CertificateAlert() {}

    /** Returns the refusal in a form that leads to the alert. */
    static CertificateException of(CertificateException refusal, @Nullable SSLEngine engine) {
        if (!(engine instanceof ReferenceCountedOpenSslEngine)) {
            return refusal;
        }
        if (refusal.getCause() instanceof CertPathValidatorException path) {
            Reason reason = path.getReason();
            if (reason == BasicReason.EXPIRED || reason == BasicReason.NOT_YET_VALID || reason == BasicReason.REVOKED) {
                return refusal;
            }
            if (isUnknownIssuer(path)) {
                int unknownCa = CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
                return new OpenSslCertificateException(refusal.getMessage(), refusal, unknownCa);
            }
        }
        int badCertificate = CertificateVerifier.X509_V_ERR_CERT_REJECTED;
        return new OpenSslCertificateException(refusal.getMessage(), refusal, badCertificate);
    }

    /** A root that we don't have may bear the name of one that we have. */
    private static boolean isUnknownIssuer(CertPathValidatorException path) {
        return path.getReason() == PKIXReason.NO_TRUST_ANCHOR
                || path.getReason() == BasicReason.INVALID_SIGNATURE && path.getIndex() == path.getCertPath().getCertificates().size() - 1;
    }
}
