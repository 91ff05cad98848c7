package io.inpod.hbone.identity;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;

/** What a root must be so that peers accept the certificates that it issues (RFC 5280, sections 4.2.1 and 6.1). */
final class RootRules {
    private static final int KEY_CERT_SIGN = 5;
    private static final String NAME_CONSTRAINTS = "2.5.29.30";
    private static final String ANY_PURPOSE = "2.5.29.37.0";
    private static final String SERVER = "1.3.6.1.5.5.7.3.1";
    private static final String CLIENT = "1.3.6.1.5.5.7.3.2";

    private RootRules() {}

    /** Throws an exception that names the rule which a root doesn't fulfil. */
    static void check(RootStore.Root root, Instant now) throws GeneralSecurityException {
        X509Certificate certificate = root.certificate();
        certificate.checkValidity(Date.from(now));
        if (!SigningKeys.belongTogether(root.key(), certificate.getPublicKey())) {
            throw new CertificateException("its key doesn't belong to its certificate");
        }
        rule(certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal()),
                "it isn't a root: it was issued by " + certificate.getIssuerX500Principal().getName());
        certificate.verify(certificate.getPublicKey());
        rule(certificate.getBasicConstraints() >= 0, "it isn't an authority's: basicConstraints with CA:TRUE is missing");
        boolean[] usage = certificate.getKeyUsage();
        rule(usage == null || usage[KEY_CERT_SIGN], "its key must not sign certificates: keyUsage has no keyCertSign");
        List<String> purposes = certificate.getExtendedKeyUsage();
        rule(purposes == null || purposes.contains(ANY_PURPOSE) || purposes.containsAll(List.of(SERVER, CLIENT)),
                "its extendedKeyUsage doesn't have both serverAuth and clientAuth");
        rule(certificate.getExtensionValue(NAME_CONSTRAINTS) == null, "it has name constraints, which aren't supported");
        rule(!certificate.hasUnsupportedCriticalExtension(), "it has a critical extension that isn't known");
    }

    private static void rule(boolean kept, String otherwise) throws CertificateException {
        if (!kept) {
            throw new CertificateException(otherwise);
        }
    }
}
