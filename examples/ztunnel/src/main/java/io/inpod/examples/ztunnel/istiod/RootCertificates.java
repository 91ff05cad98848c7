package io.inpod.examples.ztunnel.istiod;

import io.inpod.examples.ztunnel.config.ControlPlane;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** The certificates that the control plane's own must be from: in a file, which may change, as text, or those that the JVM trusts. */
public final class RootCertificates {
    private static final String PEM = "-----BEGIN";

    private final String variable;
    private final String roots;
    private final AtomicReference<String> used = new AtomicReference<>("");

    /**
     * Creates them. Nothing is read yet.
     *
     * @param variable the variable that names them, for errors: XDS_ROOT_CA or CA_ROOT_CA
     * @param roots a path, PEM text, or {@value ControlPlane#SYSTEM}
     */
    public RootCertificates(String variable, String roots) {
        this.variable = variable;
        this.roots = roots;
    }

    X509TrustManager trust() throws IOException {
        if (roots.equals(ControlPlane.SYSTEM)) {
            return trust(null);
        }
        String text = text();
        used.set(text);
        try {
            Collection<? extends Certificate> certificates = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)));
            if (certificates.isEmpty()) {
                throw new IOException("there is no certificate in it");
            }
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int count = 0;
            for (Certificate certificate : certificates) {
                store.setCertificateEntry("root" + count++, certificate);
            }
            return trust(store);
        } catch (GeneralSecurityException | IOException e) {
            throw new IOException(variable + " can't be used: " + (isText() ? "" : roots + ": ") + e.getMessage(), e);
        }
    }

    private static X509TrustManager trust(@Nullable KeyStore store) throws IOException {
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

    private boolean isText() {
        return roots.contains(PEM);
    }

    private String text() throws IOException {
        if (isText()) {
            return roots;
        }
        try {
            return Files.readString(Path.of(roots), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new IOException(variable + ": there is no file " + roots + " with the control plane's root certificate;"
                    + " name another one, give the certificate itself as PEM, or SYSTEM for what the JVM trusts", e);
        } catch (IOException e) {
            throw new IOException(variable + ": can't read " + roots + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns whether the file has changed since a channel was last made with it. One that is gone or can't be read, as while it is being
     * replaced, hasn't.
     *
     * @return whether a new channel would trust others
     */
    public boolean changed() {
        if (isText() || roots.equals(ControlPlane.SYSTEM)) {
            return false;
        }
        try {
            String before = used.get();
            return !before.isEmpty() && !text().equals(before);
        } catch (IOException e) {
            return false;
        }
    }
}
