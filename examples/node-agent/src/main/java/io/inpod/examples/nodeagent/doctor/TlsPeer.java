package io.inpod.examples.nodeagent.doctor;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** A client of TLS that has no certificate, accepts any, and keeps what the server presents. For one handshake, and one thread. */
final class TlsPeer {
    private List<X509Certificate> chain = List.of();
    private String problem = "";

    /** Returns the connection as one of TLS; it isn't in use yet. */
    SSLSocket over(Socket socket) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Keeping()}, null);
            SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(socket, null, socket.getPort(), false);
            SSLParameters parameters = tls.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            tls.setSSLParameters(parameters);
            return tls;
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java has no TLS: " + e.getMessage(), e);
        }
    }

    List<X509Certificate> chain() {
        return chain;
    }

    void failed(IOException failure) {
        problem = String.valueOf(failure.getMessage());
    }

    String problem() {
        return problem;
    }

    /** What it thinks of the certificate is for the report; the handshake goes on. */
    private final class Keeping extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] presented, String type, Socket socket) {
            chain = List.of(presented);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] presented, String type, SSLEngine engine) {
            chain = List.of(presented);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] presented, String type) {
            chain = List.of(presented);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] presented, String type, Socket socket) {
            throw new IllegalStateException("only a client");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] presented, String type, SSLEngine engine) {
            throw new IllegalStateException("only a client");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] presented, String type) {
            throw new IllegalStateException("only a client");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
