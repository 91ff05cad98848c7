package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Optional;

/**
 * The loopback interface of a namespace. A new namespace has it down; then the kernel delivers nothing to the namespace's own addresses,
 * and connections that are redirected to a proxy in it hang.
 */
public final class Loopback {
    /** Its name. */
    public static final String NAME = "lo";

    private Loopback() {}

    /**
     * Returns what is wrong with a namespace's loopback interface. Needs no privilege but that to enter the namespace.
     *
     * @param namespace the namespace
     * @return that it is down, in words, with what to do; empty if it is up
     * @throws IOException if the namespace can't be entered or the kernel refuses
     */
    public static Optional<String> fault(NetworkNamespace namespace) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            return fault(network);
        }
    }

    /**
     * Returns what is wrong with the loopback interface of a namespace.
     *
     * @param network the namespace's interfaces
     * @return as for {@link #fault(NetworkNamespace)}
     * @throws IOException if the kernel refuses
     */
    public static Optional<String> fault(Rtnetlink network) throws IOException {
        return network.links().get(NAME).up() ? Optional.empty()
                : Optional.of("lo is down: nothing reaches this namespace's own addresses, and redirected connections hang;"
                        + " set it up with `ip link set lo up`");
    }
}
