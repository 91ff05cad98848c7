package io.inpod.hbone.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;

/** Three PEM files that belong together. Not thread-safe. */
final class PemFiles {
    private final Path chain;
    private final Path key;
    private final Path roots;
    private byte[][] content = {{}, {}, {}};

    PemFiles(Path chain, Path key, Path roots) {
        this.chain = chain;
        this.key = key;
        this.roots = roots;
    }

    Path chain() {
        return chain;
    }

    /** Reads the files; returns whether any of them has changed since the last call. */
    boolean changed() throws IOException {
        byte[][] fresh = {Files.readAllBytes(chain), Files.readAllBytes(key), Files.readAllBytes(roots)};
        boolean changed = !Arrays.deepEquals(fresh, content);
        content = fresh;
        return changed;
    }

    /** Parses what was read last. */
    WorkloadCertificate parse() throws IOException {
        List<X509Certificate> certificates = certificates(chain, content[0]);
        PrivateKey privateKey = Pem.key(new String(content[1], StandardCharsets.US_ASCII), key.toString());
        X509Certificate leaf = certificates.get(0);
        try {
            if (!SigningKeys.belongTogether(privateKey, leaf.getPublicKey())) {
                throw new IOException("the key in " + key + " doesn't belong to the certificate in " + chain);
            }
        } catch (GeneralSecurityException e) {
            throw new IOException("the key in " + key + " can't be used with the certificate in " + chain + ": " + e.getMessage(), e);
        }
        return new WorkloadCertificate(privateKey, certificates, certificates(roots, content[2]));
    }

    /** Returns the identity in the certificate. */
    static SpiffeId identity(WorkloadCertificate certificate, Path file) throws IOException {
        try {
            return certificate.identity();
        } catch (CertificateException e) {
            throw new IOException(file + " isn't a workload's certificate: " + e.getMessage(), e);
        }
    }

    private static List<X509Certificate> certificates(Path file, byte[] bytes) throws IOException {
        try {
            List<X509Certificate> all =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(bytes)).stream()
                            .map(X509Certificate.class::cast).toList();
            if (all.isEmpty()) {
                throw new IOException(file + " contains no certificate");
            }
            return all;
        } catch (CertificateException e) {
            throw new IOException(file + " contains something other than PEM certificates: " + e.getMessage(), e);
        }
    }
}
