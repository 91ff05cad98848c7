package io.inpod.hbone.internal.tls;

import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What a connection's certificates say, kept with its TCP channel from the end of the handshake. */
public final class ShownCertificates {
    private static final AttributeKey<ConnectionIdentities> IDENTITIES = AttributeKey.valueOf(ShownCertificates.class, "identities");

    private ShownCertificates() {}

    /** Returns what the connection has shown, or null before the end of its handshake. */
    public static @Nullable ConnectionIdentities of(Channel connection) {
        return connection.attr(IDENTITIES).get();
    }

    static ConnectionIdentities keep(Channel connection, SSLSession session) throws SSLPeerUnverifiedException, CertificateException {
        Certificate[] ours = session.getLocalCertificates();
        if (ours == null || ours.length == 0) {
            throw new CertificateException("TLS doesn't tell which certificate we have shown");
        }
        X509Certificate local = (X509Certificate) ours[0];
        X509Certificate peer = (X509Certificate) session.getPeerCertificates()[0];
        ConnectionIdentities identities = new ConnectionIdentities(
                SpiffeId.ofAnyPath(local), local.getSerialNumber(), SpiffeId.ofAnyPath(peer), peer.getSerialNumber());
        connection.attr(IDENTITIES).set(identities);
        return identities;
    }
}
