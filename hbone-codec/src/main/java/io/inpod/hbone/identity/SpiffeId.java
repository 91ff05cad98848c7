package io.inpod.hbone.identity;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The identity of a workload, in Istio's form: {@code spiffe://trust-domain/ns/namespace/sa/service-account}.
 *
 * <p>The trust domain follows the SPIFFE-ID specification (lower case letters, digits, {@code . - _}, at most 255 characters); the
 * two names consist of letters, digits and {@code . - _}, and are neither {@code .} nor {@code ..}.
 *
 * @param trustDomain the trust domain, for example {@code cluster.local}
 * @param namespace the Kubernetes namespace
 * @param serviceAccount the Kubernetes service account
 * @see <a href="https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md">SPIFFE-ID</a>
 */
public record SpiffeId(String trustDomain, String namespace, String serviceAccount) {
    private static final Pattern URI = Pattern.compile("spiffe://([^/]*)/ns/([^/]*)/sa/([^/]*)");
    private static final int URI_NAME = 6;

    /**
     * Checks the parts.
     *
     * @param trustDomain see {@link #trustDomain()}
     * @param namespace see {@link #namespace()}
     * @param serviceAccount see {@link #serviceAccount()}
     * @throws IllegalArgumentException if a part is empty, too long, or contains a character that isn't allowed
     */
    public SpiffeId {
        check(isName(trustDomain, 255, false), "trust domain", trustDomain);
        check(isName(namespace, 253, true) && !isDots(namespace), "namespace", namespace);
        check(isName(serviceAccount, 253, true) && !isDots(serviceAccount), "service account", serviceAccount);
    }

    /**
     * Parses a SPIFFE URI strictly: exactly the form above, without port, query, fragment, escapes or trailing slash.
     *
     * @param uri the URI
     * @return the identity
     * @throws IllegalArgumentException if the text has any other form
     */
    public static SpiffeId parse(String uri) {
        Matcher m = URI.matcher(Objects.requireNonNull(uri));
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "not of the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>: " + quote(uri));
        }
        return new SpiffeId(m.group(1), m.group(2), m.group(3));
    }

    /**
     * Returns the identity in an X.509-SVID, which must contain exactly one URI subject alternative name.
     *
     * @param certificate the leaf certificate
     * @return its identity
     * @throws CertificateException if there is no URI name, more than one, or one that isn't a workload's SPIFFE ID
     * @see <a href="https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md">X509-SVID section 2</a>
     */
    public static SpiffeId of(X509Certificate certificate) throws CertificateException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        List<String> uris = names == null ? List.of() : names.stream()
                .filter(name -> name.get(0) instanceof Integer kind && kind == URI_NAME)
                .map(name -> String.valueOf(name.get(1)))
                .toList();
        if (uris.size() != 1) {
            throw new CertificateException("expected exactly one URI subject alternative name, got " + uris.size()
                    + (uris.isEmpty() ? "" : ": " + quote(String.join(", ", uris))));
        }
        try {
            return parse(uris.get(0));
        } catch (IllegalArgumentException e) {
            throw new CertificateException("the URI name is " + e.getMessage(), e);
        }
    }

    /** Returns the URI. */
    @Override
    public String toString() {
        return "spiffe://" + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
    }

    // A loop instead of a pattern, because proxies create identities for every connection.
    private static boolean isName(String text, int most, boolean upperCase) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || upperCase && c >= 'A' && c <= 'Z';
            if (!letter && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_') {
                return false;
            }
        }
        return !text.isEmpty() && text.length() <= most;
    }

    private static boolean isDots(String text) {
        return text.equals(".") || text.equals("..");
    }

    private static void check(boolean valid, String what, String value) {
        if (!valid) {
            throw new IllegalArgumentException("not a valid " + what + " of a SPIFFE ID: " + quote(value));
        }
    }

    /** Prepares a peer's text for a message: bounded, and without characters that could forge a log line. */
    private static String quote(String text) {
        String cut = text.length() > 300 ? text.substring(0, 300) + "..." : text;
        return '"' + cut.replaceAll("[^\\x20-\\x7e]", "?") + '"';
    }
}
