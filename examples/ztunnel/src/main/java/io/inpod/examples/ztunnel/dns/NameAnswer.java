package io.inpod.examples.ztunnel.dns;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the mesh says about a name.
 *
 * @param alias the name that was found after a search domain had been taken off, or null if it is the name that was asked for
 * @param addresses of both families; those of the other family show that the name exists
 */
public record NameAnswer(@Nullable String alias, List<InetAddress> addresses) {
    /** Copies the list. */
    public NameAnswer {
        addresses = List.copyOf(addresses);
    }
}
