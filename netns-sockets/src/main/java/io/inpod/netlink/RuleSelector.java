package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The criteria of a routing rule besides the packet mark, see ip-rule(8). All that are set must match.
 *
 * @param from the source network, or null for any
 * @param fromLength length of its network part, 0 to 32 or 128 bits; 0 without a network
 * @param to the destination network, or null for any
 * @param toLength likewise for the destination network
 * @param incoming name of the interface through which the packet arrived, or null for any
 * @param outgoing name of the interface that its socket is bound to, or null for any
 * @param inverted whether the rule applies to packets that the other criteria do <em>not</em> match
 * @param tos the type of service, 0 to 255; 0 for any
 * @param others FRA_ numbers of further criteria of a listed rule, such as port ranges; a rule with any can't be added
 */
public record RuleSelector(
        @Nullable InetAddress from,
        int fromLength,
        @Nullable InetAddress to,
        int toLength,
        @Nullable String incoming,
        @Nullable String outgoing,
        boolean inverted,
        int tos,
        Set<Integer> others) {
    /** No criteria besides the mark. */
    public static final RuleSelector NONE = new RuleSelector(null, 0, null, 0, null, null, false, 0, Set.of());

    /**
     * Checks the values.
     *
     * @param from see {@link RuleSelector}
     * @param fromLength see {@link RuleSelector}
     * @param to see {@link RuleSelector}
     * @param toLength see {@link RuleSelector}
     * @param incoming see {@link RuleSelector}
     * @param outgoing see {@link RuleSelector}
     * @param inverted see {@link RuleSelector}
     * @param tos see {@link RuleSelector}
     * @param others see {@link RuleSelector}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public RuleSelector {
        check(from, fromLength);
        check(to, toLength);
        from = fromLength == 0 ? null : from; // the kernel knows no difference either
        to = toLength == 0 ? null : to;
        if (tos < 0 || tos > 255) {
            throw new IllegalArgumentException("the type of service is 0 to 255, not " + tos);
        }
        others = Set.copyOf(others);
    }

    private static void check(@Nullable InetAddress network, int length) {
        if (length < 0 || length > (network == null ? 0 : IpFamily.of(network).bits())) {
            throw new IllegalArgumentException(
                    "prefix length " + length + " doesn't fit " + (network == null ? "any" : network.getHostAddress()));
        }
    }

    /**
     * Selects packets from a network.
     *
     * @param network its address
     * @param length length of its network part, 0 to 32 or 128 bits
     * @return the selector
     */
    public static RuleSelector from(InetAddress network, int length) {
        return new RuleSelector(network, length, null, 0, null, null, false, 0, Set.of());
    }

    /**
     * Selects packets to a network.
     *
     * @param network its address
     * @param length as for {@link #from(InetAddress, int)}
     * @return the selector
     */
    public static RuleSelector to(InetAddress network, int length) {
        return new RuleSelector(null, 0, network, length, null, null, false, 0, Set.of());
    }

    /**
     * Selects packets that arrived through an interface.
     *
     * @param link its name
     * @return the selector
     */
    public static RuleSelector incoming(String link) {
        return new RuleSelector(null, 0, null, 0, link, null, false, 0, Set.of());
    }

    /**
     * Adds a source network.
     *
     * @param network its address
     * @param length as for {@link #from(InetAddress, int)}
     * @return a copy with it
     */
    public RuleSelector andFrom(InetAddress network, int length) {
        return new RuleSelector(network, length, to, toLength, incoming, outgoing, inverted, tos, others);
    }

    /**
     * Adds a destination network.
     *
     * @param network its address
     * @param length as for {@link #from(InetAddress, int)}
     * @return a copy with it
     */
    public RuleSelector andTo(InetAddress network, int length) {
        return new RuleSelector(from, fromLength, network, length, incoming, outgoing, inverted, tos, others);
    }

    /**
     * Adds the interface through which packets arrived.
     *
     * @param link its name
     * @return a copy with it
     */
    public RuleSelector andIncoming(String link) {
        return new RuleSelector(from, fromLength, to, toLength, link, outgoing, inverted, tos, others);
    }

    /**
     * Adds the interface that a socket is bound to.
     *
     * @param link its name
     * @return a copy with it
     */
    public RuleSelector andOutgoing(String link) {
        return new RuleSelector(from, fromLength, to, toLength, incoming, link, inverted, tos, others);
    }

    /**
     * Adds the type of service.
     *
     * @param value 0 to 255
     * @return a copy with it
     */
    public RuleSelector andTos(int value) {
        return new RuleSelector(from, fromLength, to, toLength, incoming, outgoing, inverted, value, others);
    }

    /** {@return a copy for the packets that this one does <em>not</em> match} */
    public RuleSelector not() {
        return new RuleSelector(from, fromLength, to, toLength, incoming, outgoing, !inverted, tos, others);
    }

    /** {@return the form that {@code ip rule} prints, such as {@code from 10.0.0.0/8 iif eth0}} */
    @Override
    public String toString() {
        return (inverted ? "not " : "")
                + "from " + (from == null ? "all" : from.getHostAddress() + "/" + fromLength)
                + (to == null ? "" : " to " + to.getHostAddress() + "/" + toLength)
                + (tos == 0 ? "" : " tos 0x" + Integer.toHexString(tos))
                + (incoming == null ? "" : " iif " + incoming)
                + (outgoing == null ? "" : " oif " + outgoing)
                + (others.isEmpty() ? "" : " and selectors " + new TreeSet<>(others));
    }
}
