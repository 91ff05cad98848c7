package io.inpod.examples.ztunnel.ca;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Date;
import java.util.concurrent.ThreadLocalRandom;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A key with its certificate: a root, an intermediate authority, or a server. */
record TestAuthority(KeyPair keys, X509Certificate certificate) {
    static KeyPair newKeys() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    static TestAuthority root(String name) throws Exception {
        KeyPair keys = newKeys();
        X500Name subject = new X500Name("O=" + name);
        X509v3CertificateBuilder builder = builder(subject, subject, keys.getPublic(), Instant.now().minusSeconds(60), Instant.now().plusSeconds(3600));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        return new TestAuthority(keys, sign(builder, keys));
    }

    TestAuthority intermediate(String name) throws Exception {
        KeyPair own = newKeys();
        X509v3CertificateBuilder builder = builder(subject(), new X500Name("O=" + name), own.getPublic(), Instant.now().minusSeconds(60),
                Instant.now().plusSeconds(3600));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        return new TestAuthority(own, sign(builder, keys));
    }

    /** A certificate of a server with a DNS name. */
    TestAuthority server(String name) throws Exception {
        KeyPair own = newKeys();
        return new TestAuthority(own, leaf(new GeneralName(GeneralName.dNSName, name), own.getPublic(), Instant.now().minusSeconds(60),
                Instant.now().plusSeconds(3600), false));
    }

    X509Certificate workload(String uri, PublicKey key, Instant from, Instant until) throws Exception {
        return leaf(new GeneralName(GeneralName.uniformResourceIdentifier, uri), key, from, until, false);
    }

    X509Certificate leaf(GeneralName name, PublicKey key, Instant from, Instant until, boolean authority) throws Exception {
        X509v3CertificateBuilder builder = builder(subject(), new X500Name(""), key, from, until);
        builder.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(name));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        return sign(builder, keys);
    }

    X509CRL revoking(X509Certificate... certificates) throws Exception {
        JcaX509v2CRLBuilder builder = new JcaX509v2CRLBuilder(certificate, Date.from(Instant.now().minusSeconds(60)));
        builder.setNextUpdate(Date.from(Instant.now().plusSeconds(3600)));
        for (X509Certificate revoked : certificates) {
            builder.addCRLEntry(revoked.getSerialNumber(), Date.from(Instant.now().minusSeconds(1)), CRLReason.keyCompromise);
        }
        return new JcaX509CRLConverter().getCRL(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
    }

    static String pem(Object... objects) throws Exception {
        java.io.StringWriter text = new java.io.StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            for (Object object : objects) {
                writer.writeObject(object);
            }
        }
        return text.toString();
    }

    private X500Name subject() {
        return X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    }

    private static X509v3CertificateBuilder builder(X500Name issuer, X500Name subject, PublicKey key, Instant from, Instant until) {
        BigInteger serial = new BigInteger(62, ThreadLocalRandom.current()).setBit(61);
        return new JcaX509v3CertificateBuilder(issuer, serial, Date.from(from), Date.from(until), subject, key);
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, KeyPair signer) throws Exception {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate())));
    }
}
