package io.inpod.examples.ztunnel.istiod;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/** Accepts a server whose certificate is from one of the roots, and has one of two names. */
final class ServerTrust extends X509ExtendedTrustManager {
    private final X509TrustManager roots;
    private final String host;
    private final String otherName;

    /** Creates a trust manager; the other name may be "". */
    ServerTrust(X509TrustManager roots, String host, String otherName) {
        this.roots = roots;
        this.host = host;
        this.otherName = otherName;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        roots.checkServerTrusted(chain, authType);
        if (!CertificateNames.has(chain[0], host) && (otherName.isEmpty() || !CertificateNames.has(chain[0], otherName))) {
            throw new CertificateException("the server's certificate is for " + CertificateNames.of(chain[0]) + ", not for " + host
                    + (otherName.isEmpty() ? "; ALT_XDS_HOSTNAME or ALT_CA_HOSTNAME names another that is expected" : " or " + otherName));
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("this is a client");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return roots.getAcceptedIssuers();
    }
}
