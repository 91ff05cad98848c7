package io.inpod.tproxy.listen;

import io.inpod.tproxy.OriginalDestination;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides which connections an {@link AcceptLoop} refuses because connecting to their destination would lead back to the proxy.
 *
 * @param own tests whether a destination is one of the proxy's own listeners
 * @param connections the proxy's own open connections in the listener's namespace
 */
public record AcceptRules(Predicate<OriginalDestination> own, OwnConnections connections) {
    /**
     * Refuses connections to the proxy's own ports, at any address: a proxy serves every address of its namespace.
     *
     * @param ports the ports on which the proxy listens
     * @param connections see {@link AcceptRules}
     * @return the rules
     */
    public static AcceptRules ofPorts(Set<Integer> ports, OwnConnections connections) {
        Set<Integer> copy = Set.copyOf(ports);
        return new AcceptRules(destination -> copy.contains(destination.address().getPort()), connections);
    }

    /** {@return why a connection is refused, or null} */
    @Nullable
    String refusal(InetSocketAddress client, OriginalDestination destination) {
        if (own.test(destination)) {
            return "its destination " + destination.address() + " is the proxy itself";
        }
        return connections.contains(client, destination.address()) ? "it is a connection of the proxy's own; has it lost its mark?" : null;
    }
}
