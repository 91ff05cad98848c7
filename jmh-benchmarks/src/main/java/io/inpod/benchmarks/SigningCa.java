package io.inpod.benchmarks;

import io.inpod.examples.istio.CertificateApi.IstioCertificateRequest;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** Signs whatever it is asked to. Thread-safe. */
record SigningCa(PrivateKey key, X509Certificate root) {
    private static final Duration LIFETIME = Duration.ofHours(24);
    private static final int SERIAL_BITS = 62;

    /** The identity that a request names. */
    static String identity(IstioCertificateRequest request) {
        return request.getMetadata().getFieldsOrThrow("ImpersonatedIdentity").getStringValue();
    }

    /** Returns the certificate and its root. */
    List<String> sign(IstioCertificateRequest request) {
        try (PEMParser parser = new PEMParser(new StringReader(request.getCsr()))) {
            PublicKey owner =
                    new JcaPEMKeyConverter().getPublicKey(((PKCS10CertificationRequest) parser.readObject()).getSubjectPublicKeyInfo());
            return List.of(pem(certificate(identity(request), owner)), pem(root));
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    X509Certificate certificate(String identity, PublicKey owner) throws IOException, GeneralSecurityException, OperatorCreationException {
        Instant now = Instant.now();
        JcaX509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(X500Name.getInstance(root.getSubjectX500Principal().getEncoded()),
                        new BigInteger(SERIAL_BITS, ThreadLocalRandom.current()), Date.from(now.minusSeconds(10)),
                        Date.from(now.plus(LIFETIME)),
                        new X500Name(""), owner);
        builder.addExtension(Extension.subjectAlternativeName, true,
                new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, identity)));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        return new JcaX509CertificateConverter().getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
    }

    private static String pem(X509Certificate certificate) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(certificate);
        }
        return text.toString();
    }
}
