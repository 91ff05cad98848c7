package io.inpod.hbone;

import io.inpod.hbone.identity.RevocationLists;
import java.security.cert.X509CRL;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Settings of TLS: the versions and groups to negotiate, and whether revocation is checked. ALPN {@code h2}, certificates on both sides and
 * full handshakes (no resumption) can't be changed.
 *
 * @param tls12 whether TLS 1.2 is accepted beside 1.3 (ECDHE with AES-GCM only)
 * @param groups key exchange groups by preference, with the TLS provider's names. Unknown ones are ignored. If none is left, or the
 *     provider (the JDK's) can't be configured, the provider chooses
 * @param crls supplies revocation lists for each handshake, so it must answer from memory; or {@link #NO_CRLS}. Each certificate of a
 *     peer's chain must be covered by a current list of its issuer and not be on it. A certificate that no list covers is refused, so an
 *     empty collection refuses everybody. Established connections aren't checked again; {@link HboneTimes#maxAge} bounds how long they last
 * @param revocations supplies further lists for each handshake, also from memory, of which each counts only for the certificates of its
 *     issuer: a certificate that none covers is accepted
 */
public record HboneTls(boolean tls12, List<String> groups, Supplier<Collection<X509CRL>> crls, Supplier<RevocationLists> revocations) {
    /** Revocation isn't checked. */
    public static final Supplier<Collection<X509CRL>> NO_CRLS = List::of;

    /** In the reason of a handshake that failed because {@link #revocations()} have a certificate of the peer. */
    public static final String REVOKED = "a certificate in it is revoked";

    /** TLS 1.3, hybrid post-quantum key exchange preferred where the provider has it, no revocation. */
    public static final HboneTls DEFAULT =
            new HboneTls(false, List.of("X25519MLKEM768", "X25519", "P-256", "P-384"), NO_CRLS, () -> RevocationLists.NONE);

    /**
     * Copies the list.
     *
     * @param tls12 see {@link #tls12()}
     * @param groups see {@link #groups()}
     * @param crls see {@link #crls()}
     * @param revocations see {@link #revocations()}
     */
    public HboneTls {
        groups = List.copyOf(groups);
        Objects.requireNonNull(crls, "crls");
        Objects.requireNonNull(revocations, "revocations");
    }

    /**
     * {@return these settings with or without TLS 1.2}
     *
     * @param accepted see {@link #tls12()}
     */
    public HboneTls withTls12(boolean accepted) {
        return new HboneTls(accepted, groups, crls, revocations);
    }

    /**
     * {@return these settings with other key exchange groups}
     *
     * @param names see {@link #groups()}
     */
    public HboneTls withGroups(List<String> names) {
        return new HboneTls(tls12, names, crls, revocations);
    }

    /**
     * {@return these settings with revocation lists}
     *
     * @param source see {@link #crls()}
     */
    public HboneTls withCrls(Supplier<Collection<X509CRL>> source) {
        return new HboneTls(tls12, groups, source, revocations);
    }

    /**
     * {@return these settings with lists that count for the certificates of their issuers alone}
     *
     * @param source see {@link #revocations()}
     */
    public HboneTls withRevocations(Supplier<RevocationLists> source) {
        return new HboneTls(tls12, groups, crls, source);
    }
}
