package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * Handles every kind of {@link Match}, see {@link Match#accept}. A new kind is a new method here, so that no code that renders, checks or
 * translates conditions compiles until it handles that kind.
 *
 * @param <R> the type of the results
 */
public interface MatchVisitor<R extends @Nullable Object> {
    /**
     * {@return the result for a condition on the address family}
     *
     * @param match the condition
     */
    R visit(FamilyMatch match);

    /**
     * {@return the result for a condition on the source address}
     *
     * @param match the condition
     */
    R visit(SourceMatch match);

    /**
     * {@return the result for a condition on the destination address}
     *
     * @param match the condition
     */
    R visit(DestinationMatch match);

    /**
     * {@return the result for a condition on the interface of arrival}
     *
     * @param match the condition
     */
    R visit(InInterfaceMatch match);

    /**
     * {@return the result for a condition on the interface of departure}
     *
     * @param match the condition
     */
    R visit(OutInterfaceMatch match);

    /**
     * {@return the result for a condition on the transport protocol}
     *
     * @param match the condition
     */
    R visit(ProtocolMatch match);

    /**
     * {@return the result for a condition on a protocol by its number}
     *
     * @param match the condition
     */
    R visit(ProtocolNumberMatch match);

    /**
     * {@return the result for conditions on the TCP or UDP header}
     *
     * @param match the condition
     */
    R visit(TransportMatch match);

    /**
     * {@return the result for a condition on several ports}
     *
     * @param match the condition
     */
    R visit(MultiportMatch match);

    /**
     * {@return the result for a condition on the ICMP type}
     *
     * @param match the condition
     */
    R visit(IcmpMatch match);

    /**
     * {@return the result for a condition on the packet's mark}
     *
     * @param match the condition
     */
    R visit(MarkMatch match);

    /**
     * {@return the result for a condition on the connection's mark}
     *
     * @param match the condition
     */
    R visit(ConnmarkMatch match);

    /**
     * {@return the result for a condition on the connection's state}
     *
     * @param match the condition
     */
    R visit(ConntrackStateMatch match);

    /**
     * {@return the result for a condition on the connection's status}
     *
     * @param match the condition
     */
    R visit(ConntrackStatusMatch match);

    /**
     * {@return the result for a condition on an address set}
     *
     * @param match the condition
     */
    R visit(SetMatch match);

    /**
     * {@return the result for a condition on a port set}
     *
     * @param match the condition
     */
    R visit(PortSetMatch match);

    /**
     * {@return the result for a condition on a range of addresses}
     *
     * @param match the condition
     */
    R visit(AddressRangeMatch match);

    /**
     * {@return the result for a condition on the type of an address}
     *
     * @param match the condition
     */
    R visit(AddressTypeMatch match);

    /**
     * {@return the result for a condition on the sending socket's user}
     *
     * @param match the condition
     */
    R visit(OwnerUserMatch match);

    /**
     * {@return the result for a condition on the sending socket's group}
     *
     * @param match the condition
     */
    R visit(OwnerGroupMatch match);

    /**
     * {@return the result for a condition on the existence of a sending socket}
     *
     * @param match the condition
     */
    R visit(OwnerSocketMatch match);

    /**
     * {@return the result for a condition on the socket's control group}
     *
     * @param match the condition
     */
    R visit(CgroupMatch match);

    /**
     * {@return the result for a condition on a local socket}
     *
     * @param match the condition
     */
    R visit(SocketMatch match);

    /**
     * {@return the result for a limit of the rate}
     *
     * @param match the condition
     */
    R visit(LimitMatch match);

    /**
     * {@return the result for a chance}
     *
     * @param match the condition
     */
    R visit(RandomMatch match);

    /**
     * {@return the result for one packet of several}
     *
     * @param match the condition
     */
    R visit(NthMatch match);

    /**
     * {@return the result for a number of connections}
     *
     * @param match the condition
     */
    R visit(ConnlimitMatch match);

    /**
     * {@return the result for a comment}
     *
     * @param match the condition
     */
    R visit(CommentMatch match);
}
