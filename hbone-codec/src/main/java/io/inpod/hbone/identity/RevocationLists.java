package io.inpod.hbone.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CRL;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Certificate revocation lists (RFC 5280, section 5), of which each counts for the certificates of its issuer. A certificate whose issuer
 * has no list is not revoked. What a list has revoked stays so after the list's next update is due. Immutable and thread-safe.
 */
public final class RevocationLists {
    /** No lists. */
    public static final RevocationLists NONE = new RevocationLists(List.of());

    private final List<One> lists;

    /** A list, and whose key it was found to be signed with. */
    private record One(X509CRL list, Map<PublicKey, Boolean> signers) {
        boolean isSignedBy(X509Certificate issuer) {
            return signers.computeIfAbsent(issuer.getPublicKey(), key -> {
                try {
                    list.verify(key);
                    return true;
                } catch (GeneralSecurityException e) {
                    return false;
                }
            });
        }
    }

    /**
     * Creates a set of lists.
     *
     * @param lists the lists, of any number of issuers
     */
    public RevocationLists(Collection<X509CRL> lists) {
        this.lists = lists.stream().map(list -> new One(list, new ConcurrentHashMap<>())).toList();
    }

    /**
     * Reads lists.
     *
     * @param text lists in PEM (RFC 7468, section 7) one after the other, or one in DER; may be empty
     * @return the lists
     * @throws IOException if the text has anything else
     */
    public static RevocationLists parse(byte[] text) throws IOException {
        try {
            List<X509CRL> all = new ArrayList<>();
            for (CRL list : CertificateFactory.getInstance("X.509").generateCRLs(new ByteArrayInputStream(text))) {
                all.add((X509CRL) list);
            }
            return new RevocationLists(all);
        } catch (CertificateException | CRLException e) {
            throw new IOException("contains something other than revocation lists: " + e.getMessage(), e);
        }
    }

    /** {@return the number of lists} */
    public int size() {
        return lists.size();
    }

    /**
     * Looks whether one of a peer's certificates is revoked.
     *
     * @param chain the peer's certificates, the leaf first, which have been verified
     * @param roots the roots to one of which they lead
     * @return whether a list of its issuer has one of them
     */
    public boolean revokes(List<X509Certificate> chain, Collection<X509Certificate> roots) {
        return !lists.isEmpty() && chain.stream().anyMatch(certificate -> revokes(certificate, chain, roots));
    }

    private boolean revokes(X509Certificate certificate, List<X509Certificate> chain, Collection<X509Certificate> roots) {
        return lists.stream()
                .filter(one -> one.list.getIssuerX500Principal().equals(certificate.getIssuerX500Principal()))
                .filter(one -> one.list.getRevokedCertificate(certificate) != null)
                .anyMatch(one -> Stream.concat(chain.stream(), roots.stream())
                        .anyMatch(issuer -> issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())
                                && one.isSignedBy(issuer)));
    }
}
