package io.inpod.hbone.identity;

import io.inpod.hbone.Tools;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Certificates that the development CA would never issue. */
public final class TestCertificates {
    private TestCertificates() { }

    private static RootStore.Root root(Path directory) throws IOException {
        return RootStore.loadOrCreate(directory, Clock.systemUTC());
    }

    public static WorkloadCertificate issue(Path directory, List<String> uris) throws IOException {
        return LeafIssuer.issue(root(directory), uris, Clock.systemUTC().instant(), Duration.ofHours(1));
    }

    public static WorkloadCertificate issue(Path directory, String uri, Instant from, Duration lifetime) throws IOException {
        return LeafIssuer.issue(root(directory), List.of(uri), from, lifetime);
    }

    /** Issues a certificate with the given key usage, or without one if it is 0. */
    public static WorkloadCertificate withUsage(Path directory, String uri, int usage) throws Exception {
        RootStore.Root root = root(directory);
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        Instant now = Instant.now();
        var builder = new JcaX509v3CertificateBuilder(root.certificate(), BigInteger.valueOf(now.toEpochMilli()), Date.from(now.minusSeconds(60)),
                Date.from(now.plusSeconds(3600)), new X500Name(""), pair.getPublic());
        builder.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, uri)));
        if (usage != 0) {
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
        }
        X509Certificate leaf = new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(root.key())));
        return new WorkloadCertificate(pair.getPrivate(), List.of(leaf), List.of(root.certificate()));
    }

    /** Returns the root's revocation list. */
    public static X509CRL crl(Path directory, Instant nextUpdate, X509Certificate... revoked) throws Exception {
        RootStore.Root root = root(directory);
        Instant now = Instant.now();
        var builder = new JcaX509v2CRLBuilder(root.certificate(), Date.from(now.minusSeconds(3600)));
        builder.setNextUpdate(Date.from(nextUpdate));
        for (X509Certificate certificate : revoked) {
            builder.addCRLEntry(certificate.getSerialNumber(), Date.from(now.minusSeconds(60)), CRLReason.keyCompromise);
        }
        return new JcaX509CRLConverter().getCRL(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(root.key())));
    }

    /** Issues a certificate with openssl, with any subject alternative name that openssl understands ("" for none). */
    public static WorkloadCertificate openssl(Path ca, Path scratch, String name) throws IOException, InterruptedException {
        Files.writeString(scratch.resolve("ext"), name.isEmpty() ? "basicConstraints=CA:FALSE\n" : "subjectAltName=" + name + "\n");
        run(scratch, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=x", "-keyout", "key", "-out", "req");
        run(scratch, "openssl", "x509", "-req", "-in", "req", "-CA", ca.resolve("root-cert.pem").toString(), "-CAkey", ca.resolve("root-key.pem").toString(),
                "-days", "1", "-extfile", "ext", "-out", "cert", "-CAserial", "serial", "-CAcreateserial");
        run(scratch, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "key", "-out", "key8");
        return new WorkloadCertificate(Pem.readKey(scratch.resolve("key8")), List.of(Pem.readCertificate(scratch.resolve("cert"))),
                List.of(Pem.readCertificate(ca.resolve("root-cert.pem"))));
    }

    private static void run(Path directory, String... command) throws IOException, InterruptedException {
        Tools.run(new ProcessBuilder(command).directory(directory.toFile()));
    }
}
