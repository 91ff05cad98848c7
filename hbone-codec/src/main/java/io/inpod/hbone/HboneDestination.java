package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The peer of a connection and who we are to it; equal destinations share connections.
 *
 * @param source our identity
 * @param expected the identities the peer may have; an empty set never means "anyone": every connection to it is refused
 * @param address address and port of the peer's HBONE listener (usually port 15008)
 * @param sourceAddress the local address that the {@link Connector} shall use, or null if it doesn't matter
 * @param label whatever else keeps connections apart, or tells the {@link Connector} something; compared by {@code equals}
 */
public record HboneDestination(SpiffeId source, Set<SpiffeId> expected, InetSocketAddress address, @Nullable InetAddress sourceAddress,
        @Nullable Object label) {
    /**
     * Copies the set.
     *
     * @param source our identity
     * @param expected the identities the peer may have; an empty set never means "anyone": every connection to it is refused
     * @param address address and port of the peer's HBONE listener (usually port 15008)
     * @param sourceAddress the local address that the {@link Connector} shall use, or null if it doesn't matter
     * @param label whatever else keeps connections apart, or tells the {@link Connector} something; compared by {@code equals}
     */
    public HboneDestination {
        expected = Set.copyOf(expected);
    }

    /**
     * Without a label.
     *
     * @param source our identity
     * @param expected the identities the peer may have; an empty set never means "anyone": every connection to it is refused
     * @param address address and port of the peer's HBONE listener (usually port 15008)
     * @param sourceAddress the local address that the {@link Connector} shall use, or null if it doesn't matter
     */
    public HboneDestination(SpiffeId source, Set<SpiffeId> expected, InetSocketAddress address, @Nullable InetAddress sourceAddress) {
        this(source, expected, address, sourceAddress, null);
    }

    /**
     * A peer with exactly one identity, from whatever address of ours.
     *
     * @param source our identity
     * @param expected the peer's identity
     * @param address address and port of the peer's HBONE listener (usually port 15008)
     */
    public HboneDestination(SpiffeId source, SpiffeId expected, InetSocketAddress address) {
        this(source, Set.of(expected), address, null, null);
    }
}
