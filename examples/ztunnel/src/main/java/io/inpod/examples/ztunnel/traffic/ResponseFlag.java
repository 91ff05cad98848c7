package io.inpod.examples.ztunnel.traffic;

import io.inpod.examples.ztunnel.identity.NoCertificateException;
import io.inpod.hbone.TunnelResetException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http2.Http2Exception;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** How a connection ended, in the words of Istio's metrics. */
public enum ResponseFlag {
    /** In order. */
    NONE("-"),
    /** Policy refused it, or cut it later. */
    DENY("DENY"),
    /** It couldn't be connected, or failed for a reason that isn't named here. */
    CONNECT("CONNECT"),
    /** TLS failed. */
    TLS_FAILURE("TLS_FAILURE"),
    /** HTTP/2 failed. */
    H2_HANDSHAKE_FAILURE("H2_HANDSHAKE_FAILURE"),
    /** A peer's port 15008 doesn't answer, as when a network policy blocks it. */
    NETWORK_POLICY("NETWORK_POLICY"),
    /** There is no certificate. */
    IDENTITY_ERROR("IDENTITY_ERROR"),
    /** It was cut because a certificate isn't trusted any more. */
    CERT_REVOKED("CERT_REVOKED");

    private final String text;

    ResponseFlag(String text) {
        this.text = text;
    }

    /**
     * Returns the flag behind a failure.
     *
     * @param failure the failure, or null if there was none
     * @param tunnel whether it concerned a tunnel
     * @return the flag
     */
    public static ResponseFlag of(@Nullable Throwable failure, boolean tunnel) {
        if (failure == null) {
            return NONE;
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof NoCertificateException) {
                return IDENTITY_ERROR;
            }
            if (cause instanceof SSLException || cause instanceof CertificateException) {
                return TLS_FAILURE;
            }
            if (cause instanceof Http2Exception || cause instanceof TunnelResetException) {
                return H2_HANDSHAKE_FAILURE;
            }
            if (tunnel && cause instanceof ConnectTimeoutException) {
                return NETWORK_POLICY;
            }
        }
        return CONNECT;
    }

    /** {@return the value of the label} */
    @Override
    public String toString() {
        return text;
    }
}
