package io.inpod.hbone;

import java.security.cert.X509CRL;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * What TLS may negotiate, and whether certificates may have been revoked. Always: ALPN {@code h2}, certificates on both sides, no
 * resumption.
 *
 * @param tls12 whether TLS 1.2 is accepted beside 1.3 (ECDHE with AES-GCM only)
 * @param groups key exchange groups by preference, as the TLS provider names them; those it doesn't know are left out, and if none is left, or the
 *     provider (the JDK's) can't be told, its own choice holds
 * @param crls asked for each handshake (so: answers from memory), or {@link #NO_CRLS}. If it gives any, then each certificate of a peer's chain must be
 *     covered by a current CRL of its issuer and not be listed: what can't be looked up is refused. If it is there and gives none,
 *     everybody is refused. Connections that stand aren't looked at again; {@link HboneTimes#maxAge} bounds how long that lasts
 */
public record HboneTls(boolean tls12, List<String> groups, Supplier<Collection<X509CRL>> crls) {
    /** Revocation isn't checked. */
    public static final Supplier<Collection<X509CRL>> NO_CRLS = List::of;

    /** TLS 1.3, hybrid post-quantum key exchange preferred where the provider has it, no revocation. */
    public static final HboneTls DEFAULT = new HboneTls(false, List.of("X25519MLKEM768", "X25519", "P-256", "P-384"), NO_CRLS);

    /**
     * Copies the list.
     *
     * @param tls12 whether TLS 1.2 is accepted beside 1.3
     * @param groups key exchange groups by preference
     * @param crls revocation lists, or {@link #NO_CRLS}
     */
    public HboneTls {
        groups = List.copyOf(groups);
        Objects.requireNonNull(crls);
    }

    /**
     * With or without TLS 1.2.
     *
     * @param accepted whether TLS 1.2 is accepted beside 1.3
     * @return changed settings
     */
    public HboneTls withTls12(boolean accepted) {
        return new HboneTls(accepted, groups, crls);
    }

    /**
     * Other groups.
     *
     * @param names by preference
     * @return changed settings
     */
    public HboneTls withGroups(List<String> names) {
        return new HboneTls(tls12, names, crls);
    }

    /**
     * With revocation lists.
     *
     * @param source asked for each handshake
     * @return changed settings
     */
    public HboneTls withCrls(Supplier<Collection<X509CRL>> source) {
        return new HboneTls(tls12, groups, source);
    }
}
