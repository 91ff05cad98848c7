package io.inpod.hbone.client;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The peer of a connection, and our identity towards it. Equal destinations share connections.
 *
 * @param source our identity
 * @param expected the identities that the peer may have; an empty set never means "anyone", every connection to the peer is refused
 * @param address address and port of the peer's HBONE listener (usually port 15008)
 * @param sourceAddress the local address that the {@link Connector} uses, or null for any
 * @param label anything else that keeps connections apart, or that the {@link Connector} needs to know; compared by {@code equals}
 */
public record HboneDestination(SpiffeId source, Set<SpiffeId> expected, InetSocketAddress address, @Nullable InetAddress sourceAddress,
        @Nullable Object label) {
    /**
     * Copies the set.
     *
     * @param source see {@link #source()}
     * @param expected see {@link #expected()}
     * @param address see {@link #address()}
     * @param sourceAddress see {@link #sourceAddress()}
     * @param label see {@link #label()}
     */
    public HboneDestination {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(address, "address");
        expected = Set.copyOf(expected);
    }

    /**
     * Creates a destination without a label.
     *
     * @param source as {@link #source()}
     * @param expected as {@link #expected()}
     * @param address as {@link #address()}
     * @param sourceAddress as {@link #sourceAddress()}
     */
    public HboneDestination(SpiffeId source, Set<SpiffeId> expected, InetSocketAddress address, @Nullable InetAddress sourceAddress) {
        this(source, expected, address, sourceAddress, null);
    }

    /**
     * Creates a destination with exactly one expected identity and any local address.
     *
     * @param source the identity on our side
     * @param expected the peer's identity
     * @param address the peer's HBONE listener
     */
    public HboneDestination(SpiffeId source, SpiffeId expected, InetSocketAddress address) {
        this(source, Set.of(expected), address, null, null);
    }
}
