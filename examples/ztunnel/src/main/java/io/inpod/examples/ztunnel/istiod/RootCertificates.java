package io.inpod.examples.ztunnel.istiod;

import io.inpod.examples.ztunnel.config.ServerRoots;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificates that the control plane's own must be from. What a file says counts until it says something else that can be used. For
 * one thread at a time.
 */
public final class RootCertificates {
    private final String variable;
    private final ServerRoots roots;
    private @Nullable WatchedBytes file;
    private @Nullable X509TrustManager trust;

    /**
     * Creates them. Nothing is read yet.
     *
     * @param variable the variable that names them, for errors: XDS_ROOT_CA or CA_ROOT_CA
     * @param roots where they are
     */
    public RootCertificates(String variable, ServerRoots roots) {
        this.variable = variable;
        this.roots = roots;
    }

    synchronized X509TrustManager trust() throws IOException {
        X509TrustManager known = trust;
        if (known == null) {
            known = read();
            trust = known;
        }
        return known;
    }

    private X509TrustManager read() throws IOException {
        if (roots instanceof ServerRoots.File in) {
            if (!Files.exists(in.path())) {
                throw new IOException(variable + ": there is no file " + in.path() + " with the control plane's root certificate;"
                        + " name another one, give the certificate itself as PEM, or SYSTEM for what the JVM trusts");
            }
            WatchedBytes first = named(() -> WatchedBytes.read(in.path()));
            X509TrustManager read = parsed(in.path().toString(), first.content());
            file = first;
            return read;
        }
        return roots instanceof ServerRoots.Text text ? parsed("the text", text.pem().getBytes(StandardCharsets.US_ASCII)) : of(null);
    }

    private interface Reading<T> {
        T get() throws IOException;
    }

    private <T> T named(Reading<T> reading) throws IOException {
        try {
            return reading.get();
        } catch (IOException e) {
            throw new IOException(variable + ": " + e.getMessage(), e);
        }
    }

    private X509TrustManager parsed(String where, byte[] pem) throws IOException {
        try {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
            if (certificates.isEmpty()) {
                throw new IOException(variable + ": " + where + " has no certificates that can be used");
            }
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int count = 0;
            for (Certificate certificate : certificates) {
                store.setCertificateEntry("root" + count++, certificate);
            }
            return of(store);
        } catch (GeneralSecurityException e) {
            throw new IOException(variable + ": " + where + " has no certificates that can be used: " + e.getMessage(), e);
        }
    }

    private static X509TrustManager of(@Nullable KeyStore store) throws IOException {
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager trust) {
                    return trust;
                }
            }
            throw new IOException("the JVM has no trust manager for certificates");
        } catch (GeneralSecurityException e) {
            throw new IOException("the certificates of trusted roots can't be used: " + e.getMessage(), e);
        }
    }

    /**
     * Takes a look at the file, if there is one that has been read. To be called from time to time.
     *
     * @return whether a channel that is made from now on trusts others
     * @throws IOException if the file can't be read, or says something that can't be used; the message names the variable
     */
    public synchronized boolean look() throws IOException {
        WatchedBytes watched = file;
        if (watched == null || !named(watched::look)) {
            return false;
        }
        trust = parsed(watched.toString(), watched.content());
        return true;
    }
}
