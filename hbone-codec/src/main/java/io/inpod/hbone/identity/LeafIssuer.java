package io.inpod.hbone.identity;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Issues certificates. The only class that uses BouncyCastle. */
final class LeafIssuer {
    private static final X500Name ROOT_NAME = new X500Name("O=inpod development CA");
    private static final Duration BACKDATED = Duration.ofMinutes(5);
    private static final Duration ROOT_LIFETIME = Duration.ofDays(3650);

    private LeafIssuer() {}

    /** Issues a new key and certificate for an identity (X509-SVID: one URI name, critical because the subject is empty). */
    static WorkloadCertificate issue(RootStore.Root root, SpiffeId identity, Instant now, Duration lifetime) throws IOException {
        return issue(root, List.of(identity.toString()), now, lifetime);
    }

    static WorkloadCertificate issue(RootStore.Root root, List<String> uris, Instant now, Duration lifetime) throws IOException {
        try {
            X509Certificate authority = root.certificate();
            Instant until = earlier(now.plus(lifetime), authority.getNotAfter().toInstant());
            if (until.isBefore(now)) {
                throw new IOException("can't issue a certificate for " + uris + ": the root's has expired at " + until);
            }
            KeyPair pair = newPair();
            X500Name issuer = X500Name.getInstance(authority.getSubjectX500Principal().getEncoded());
            X509v3CertificateBuilder builder = builder(issuer, now, until, new X500Name(""), pair);
            GeneralName[] names =
                    uris.stream().map(uri -> new GeneralName(GeneralName.uniformResourceIdentifier, uri)).toArray(GeneralName[]::new);
            builder.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(names));
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false,
                    new ExtendedKeyUsage(new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
            builder.addExtension(Extension.authorityKeyIdentifier, false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(authority));
            return new WorkloadCertificate(pair.getPrivate(), List.of(sign(builder, root)), List.of(authority));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("can't issue a certificate for " + uris + ": " + e.getMessage(), e);
        }
    }

    static RootStore.Root newRoot(Instant now) throws IOException {
        try {
            KeyPair pair = newPair();
            X509v3CertificateBuilder builder = builder(ROOT_NAME, now, now.plus(ROOT_LIFETIME), ROOT_NAME, pair);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(Extension.subjectKeyIdentifier, false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
            return new RootStore.Root(pair.getPrivate(), sign(builder, pair.getPrivate(), pair.getPublic()));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("can't create a root: " + e.getMessage(), e);
        }
    }

    private static KeyPair newPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static X509v3CertificateBuilder builder(X500Name issuer, Instant now, Instant until, X500Name subject, KeyPair pair) {
        BigInteger serial = new BigInteger(127, new SecureRandom()).setBit(126);
        return new JcaX509v3CertificateBuilder(issuer, serial, Date.from(now.minus(BACKDATED)), Date.from(until), subject,
                pair.getPublic());
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, RootStore.Root root)
            throws GeneralSecurityException, OperatorCreationException {
        return sign(builder, root.key(), root.certificate().getPublicKey());
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key, PublicKey checkedBy)
            throws GeneralSecurityException, OperatorCreationException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(SigningKeys.algorithm(checkedBy)).build(key)));
    }
}
