package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.OptionalInt;

/**
 * The network configuration of one namespace: links, addresses, routes, routing rules and neighbours, see rtnetlink(7).
 *
 * <pre>{@code
 * try (Rtnetlink network = Rtnetlink.open(namespace)) {
 *     network.links().up("lo");
 *     network.rules().add(new PolicyRule(IpFamily.V4, 32764, 0x111, 0xfff, 100));
 *     network.routes().add(Route.localDefault(IpFamily.V4, "lo", 100));
 * }
 * }</pre>
 *
 * <p>{@link RtnetlinkWatch} reports changes. Thread-safe; every call blocks until the kernel has answered.
 */
public final class Rtnetlink implements AutoCloseable {
    private final NetlinkSocket socket;
    private final Links links;

    Rtnetlink(NetlinkSocket socket) {
        this.socket = socket;
        this.links = new Links(socket);
    }

    /**
     * Opens the configuration of a namespace. Reading it needs no privilege, changing it needs CAP_NET_ADMIN.
     *
     * @param namespace the namespace; may be closed afterwards
     * @return its configuration, to be closed by the caller
     * @throws IOException if the namespace can't be entered
     */
    public static Rtnetlink open(NetworkNamespace namespace) throws IOException {
        return new Rtnetlink(NetlinkSocket.open(namespace, NetlinkSocket.ROUTE));
    }

    /**
     * Uses a netlink socket of the caller's, such as one of the namespace that the thread is in.
     *
     * @param socket a socket of {@link NetlinkSocket#ROUTE}, which {@link #close} closes
     * @return the configuration of its namespace, to be closed by the caller
     */
    public static Rtnetlink over(NetlinkSocket socket) {
        return new Rtnetlink(socket);
    }

    /** {@return the network interfaces} */
    public Links links() {
        return links;
    }

    /** {@return the interfaces' addresses} */
    public Addresses addresses() {
        return new Addresses(socket, links);
    }

    /** {@return the routes of all tables} */
    public Routes routes() {
        return new Routes(socket, links);
    }

    /** {@return the routing rules} */
    public PolicyRules rules() {
        return new PolicyRules(socket);
    }

    /** {@return the neighbours on all links} */
    public Neighbours neighbours() {
        return new Neighbours(socket, links);
    }

    /**
     * Returns the id by which this namespace knows another one, as in {@code link-netnsid} of {@code ip link}, see ip-netns(8).
     *
     * @param other the other namespace
     * @return the id, at least 0; empty if the other namespace has none here
     * @throws IOException if the other namespace is closed or the kernel refuses
     */
    public OptionalInt namespaceId(NetworkNamespace other) throws IOException {
        try (NetworkNamespace held = other.duplicate()) { // the kernel reads the number of an open descriptor
            int number = held.fd().acquire();
            try {
                return NamespaceIds.find(socket, number, other);
            } finally {
                held.fd().release();
            }
        }
    }

    /** Closes the socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
