package io.inpod.netlink.diag;

import io.inpod.netns.IpFamily;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which sockets are listed, and what is told about each. Begins with {@link #tcp} or {@link #udp}, which list all; the other methods return
 * copies.
 *
 * @param protocol their protocol
 * @param families their address families, at least one; a socket of IPv6 may be bound to an address of IPv4
 * @param states their states, at least one
 * @param filter a further condition, or null
 * @param tcpInfo whether the kernel tells about each connection of TCP, see {@link TcpInfo}
 * @param most how many of each family are listed at most, at least 1: a process can open any number of sockets
 */
public record SocketQuery(
        SocketProtocol protocol, Set<IpFamily> families, Set<SocketState> states, @Nullable SocketFilter filter, boolean tcpInfo,
        int most) {
    /**
     * Copies the sets.
     *
     * @param protocol see {@link SocketQuery}
     * @param families see {@link SocketQuery}
     * @param states see {@link SocketQuery}
     * @param filter see {@link SocketQuery}
     * @param tcpInfo see {@link SocketQuery}
     * @param most see {@link SocketQuery}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public SocketQuery {
        if (families.isEmpty() || states.isEmpty() || most < 1) {
            throw new IllegalArgumentException("families " + families + " and states " + states
                    + " must not be empty, and most " + most + " must be at least 1");
        }
        if (tcpInfo && protocol != SocketProtocol.TCP) {
            throw new IllegalArgumentException("tcpInfo: the kernel tells about connections of TCP only, not " + protocol);
        }
        families = Set.copyOf(families);
        states = Set.copyOf(states);
    }

    /** {@return a query for all sockets of TCP} */
    public static SocketQuery tcp() {
        return all(SocketProtocol.TCP);
    }

    /** {@return a query for all sockets of UDP} */
    public static SocketQuery udp() {
        return all(SocketProtocol.UDP);
    }

    private static SocketQuery all(SocketProtocol protocol) {
        return new SocketQuery(protocol, EnumSet.allOf(IpFamily.class), EnumSet.allOf(SocketState.class), null, false, Integer.MAX_VALUE);
    }

    /**
     * Limits the query to one address family.
     *
     * @param family the family of the sockets
     * @return a copy with it
     */
    public SocketQuery of(IpFamily family) {
        return new SocketQuery(protocol, Set.of(family), states, filter, tcpInfo, most);
    }

    /**
     * Limits the query to some states.
     *
     * @param first a state
     * @param others further states
     * @return a copy with them
     */
    public SocketQuery in(SocketState first, SocketState... others) {
        return new SocketQuery(protocol, families, EnumSet.of(first, others), filter, tcpInfo, most);
    }

    /**
     * Adds a condition.
     *
     * @param condition the condition
     * @return a copy for the sockets that meet it as well as the earlier ones
     */
    public SocketQuery where(SocketFilter condition) {
        return new SocketQuery(protocol, families, states, filter == null ? condition : filter.and(condition), tcpInfo, most);
    }

    /**
     * Asks the kernel to tell about each connection.
     *
     * @return a copy whose sockets have {@link InetSocket#tcpInfo}
     * @throws IllegalArgumentException if the protocol isn't TCP
     */
    public SocketQuery withTcpInfo() {
        return new SocketQuery(protocol, families, states, filter, true, most);
    }

    /**
     * Limits how many are listed.
     *
     * @param value how many of each family at most, at least 1
     * @return a copy with the limit
     * @throws IllegalArgumentException if it is out of range
     */
    public SocketQuery first(int value) {
        return new SocketQuery(protocol, families, states, filter, tcpInfo, value);
    }

    /** {@return the query in words, for messages} */
    @Override
    public String toString() {
        return (states.size() == SocketState.values().length ? "all states" : states.toString()) + (filter == null ? "" : " " + filter);
    }
}
