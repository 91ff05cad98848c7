package io.inpod.tproxy.listen;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.share.Clients;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides which connections an {@link AcceptLoop} refuses: those of clients that have their share, and those that would lead back to the
 * proxy if it connected to their destination.
 *
 * @param own tests whether a destination is one of the proxy's own listeners
 * @param connections the proxy's own open connections in the listener's namespace
 * @param clients bounds the connections of each client and of all; null for no bound
 */
public record AcceptRules(Predicate<OriginalDestination> own, OwnConnections connections, @Nullable Clients clients) {
    /**
     * Creates rules that don't bound clients.
     *
     * @param own see {@link AcceptRules}
     * @param connections see {@link AcceptRules}
     */
    public AcceptRules(Predicate<OriginalDestination> own, OwnConnections connections) {
        this(own, connections, null);
    }

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

    /**
     * Returns rules that also bound clients.
     *
     * @param bound see {@link AcceptRules}
     * @return a copy with this bound
     */
    public AcceptRules withClients(Clients bound) {
        return new AcceptRules(own, connections, bound);
    }

    /** {@return why a connection is refused, or null} */
    @Nullable
    String refusal(InetSocketAddress client, OriginalDestination destination) {
        if (own.test(destination)) {
            return "its destination " + toSocketAddressString(destination.address()) + " is the proxy itself";
        }
        return connections.contains(client, destination.address()) ? "it is a connection of the proxy's own; has it lost its mark?" : null;
    }
}
