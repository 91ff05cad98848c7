package io.inpod.examples.ztunnel.route;

import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.util.Set;

/**
 * A tunnel to a peer.
 *
 * @param peer the peer's address and the port at which it accepts tunnels
 * @param identities the identities of which the peer must have one, never empty
 * @param authority what the peer is asked to connect to
 */
public record Hop(InetSocketAddress peer, Set<SpiffeId> identities, Authority authority) {
    /** Copies the set. */
    public Hop {
        identities = Set.copyOf(identities);
        if (identities.isEmpty()) {
            throw new IllegalArgumentException("a peer whose identity isn't known can't be trusted");
        }
    }
}
