package io.inpod.hbone.identity;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The identity of a workload: {@code spiffe://trust-domain/path}. In a mesh, the path has Istio's form
 * {@code /ns/namespace/sa/service-account}; {@link #parse} and {@link #of} accept no other. The methods with {@code AnyPath} accept
 * whatever the SPIFFE-ID specification allows.
 *
 * <p>A trust domain consists of lower case letters, digits and {@code . - _}, at most 255 characters. The path's segments consist of
 * letters, digits and {@code . - _}, and are neither {@code .} nor {@code ..}. The URI has at most 2,048 characters. Two identities are
 * equal if their URIs are.
 *
 * @param trustDomain the trust domain, for example {@code cluster.local}
 * @param path the path, with its leading slash
 * @see <a href="https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md">SPIFFE-ID, section 2</a>
 */
public record SpiffeId(String trustDomain, String path) {
    private static final Pattern URI = Pattern.compile("spiffe://([^/]*)/ns/([^/]*)/sa/([^/]*)");
    private static final Pattern ANY_URI = Pattern.compile("spiffe://([^/]*)(.*)", Pattern.DOTALL);
    private static final int URI_NAME = 6;
    private static final int MOST_CHARACTERS = 2048;
    private static final String NAMESPACE = "/ns/";
    private static final String ACCOUNT = "/sa/";

    /**
     * Checks the parts. The path may have any form.
     *
     * @param trustDomain see {@link #trustDomain()}
     * @param path see {@link #path()}
     * @throws IllegalArgumentException if a part is empty, too long, or contains a character that isn't allowed
     */
    public SpiffeId {
        check(isName(trustDomain, 255, false), "trust domain", trustDomain);
        check(isPath(path), "path", path);
        if ("spiffe://".length() + trustDomain.length() + path.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException("a SPIFFE ID has at most " + MOST_CHARACTERS + " characters: " + quote(trustDomain + path));
        }
    }

    /**
     * Creates an identity of Istio's form.
     *
     * @param trustDomain the trust domain, for example {@code cluster.local}
     * @param namespace the Kubernetes namespace, at most 253 characters
     * @param serviceAccount the Kubernetes service account, at most 253 characters
     * @throws IllegalArgumentException if a part is empty, too long, or contains a character that isn't allowed
     */
    public SpiffeId(String trustDomain, String namespace, String serviceAccount) {
        this(trustDomain, NAMESPACE + name("namespace", namespace) + ACCOUNT + name("service account", serviceAccount));
    }

    /**
     * Parses a SPIFFE URI strictly: exactly Istio's form, without port, query, fragment, escapes or trailing slash.
     *
     * @param uri the URI
     * @return the identity
     * @throws IllegalArgumentException if the text has any other form
     */
    public static SpiffeId parse(String uri) {
        Matcher m = URI.matcher(Objects.requireNonNull(uri, "uri"));
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "not of the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>: " + quote(uri));
        }
        return new SpiffeId(m.group(1), m.group(2), m.group(3));
    }

    /**
     * Parses a SPIFFE URI with any path but none at all: without a path it names a trust domain, not a workload.
     *
     * @param uri the URI, without port, query, fragment, escapes or trailing slash
     * @return the identity
     * @throws IllegalArgumentException if the text has any other form
     */
    public static SpiffeId parseAnyPath(String uri) {
        Matcher m = ANY_URI.matcher(Objects.requireNonNull(uri, "uri"));
        if (!m.matches()) {
            throw new IllegalArgumentException("not of the form spiffe://<trust domain>/<path>: " + quote(uri));
        }
        return new SpiffeId(m.group(1), m.group(2));
    }

    /**
     * Returns the identity in an X.509-SVID, which must contain exactly one URI subject alternative name, of Istio's form.
     *
     * @param certificate the leaf certificate
     * @return its identity
     * @throws CertificateException if there is no URI name, more than one, or one that isn't a workload's SPIFFE ID
     * @see <a href="https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md">X509-SVID section 2</a>
     */
    public static SpiffeId of(X509Certificate certificate) throws CertificateException {
        SpiffeId identity = ofAnyPath(certificate);
        if (!identity.isIstio()) {
            throw new CertificateException("the URI name is not of the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>: "
                    + quote(identity.toString()));
        }
        return identity;
    }

    /**
     * Returns the identity in an X.509-SVID, with any path.
     *
     * @param certificate the leaf certificate
     * @return its identity
     * @throws CertificateException if there is no URI name, more than one, or one that isn't a SPIFFE ID with a path
     */
    public static SpiffeId ofAnyPath(X509Certificate certificate) throws CertificateException {
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
            return parseAnyPath(uris.get(0));
        } catch (IllegalArgumentException e) {
            throw new CertificateException("the URI name is " + e.getMessage(), e);
        }
    }

    /** {@return whether the path has Istio's form, so that there are a namespace and a service account} */
    public boolean isIstio() {
        return account() > 0;
    }

    /**
     * Returns the Kubernetes namespace.
     *
     * @return the name, not empty
     * @throws IllegalStateException if the path hasn't {@linkplain #isIstio() Istio's form}
     */
    public String namespace() {
        return path.substring(NAMESPACE.length(), requiredAccount());
    }

    /**
     * Returns the Kubernetes service account.
     *
     * @return the name, not empty
     * @throws IllegalStateException if the path hasn't {@linkplain #isIstio() Istio's form}
     */
    public String serviceAccount() {
        return path.substring(requiredAccount() + ACCOUNT.length());
    }

    private int requiredAccount() {
        int at = account();
        if (at < 0) {
            throw new IllegalStateException(this + " has no namespace and no service account: its path isn't of the form /ns/*/sa/*");
        }
        return at;
    }

    /** Where {@code /sa/} begins, or -1 if the path hasn't Istio's form. */
    private int account() {
        if (!path.startsWith(NAMESPACE)) {
            return -1;
        }
        int at = path.indexOf('/', NAMESPACE.length());
        boolean istio = at > 0 && path.startsWith(ACCOUNT, at) && path.indexOf('/', at + ACCOUNT.length()) < 0
                && at - NAMESPACE.length() <= 253 && path.length() - at - ACCOUNT.length() <= 253;
        return istio ? at : -1;
    }

    /** Returns the URI. */
    @Override
    public String toString() {
        return "spiffe://" + trustDomain + path;
    }

    private static String name(String what, String value) {
        check(isName(value, 253, true) && !isDots(value), what, value);
        return value;
    }

    private static boolean isPath(String path) {
        if (path.length() > MOST_CHARACTERS || !path.startsWith("/")) {
            return false;
        }
        for (int from = 1; from <= path.length();) {
            int slash = path.indexOf('/', from);
            String segment = path.substring(from, slash < 0 ? path.length() : slash);
            if (!isName(segment, MOST_CHARACTERS, true) || isDots(segment)) {
                return false;
            }
            from += segment.length() + 1;
        }
        return path.length() > 1 && !path.endsWith("/");
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
