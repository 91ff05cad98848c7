package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.EnumSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One condition of a rule, see iptables(8) and iptables-extensions(8). A rule applies to packets that meet all of its conditions.
 *
 * <p>Each kind of condition is a record; the methods here create the usual ones.
 */
public sealed interface Match permits BasicMatch, TransportMatch, MarkMatch, ConnmarkMatch, ConntrackStateMatch, ConntrackStatusMatch, SetMatch,
        IcmpMatch, AddressTypeMatch, CommentMatch, OwnerUserMatch, OwnerGroupMatch, OwnerSocketMatch, CgroupMatch, SocketMatch, LimitMatch {
    /**
     * Calls the visitor's method for this kind of condition.
     *
     * @param <R> the type of the result
     * @param visitor handles every kind
     * @return its result
     */
    <R extends @Nullable Object> R accept(MatchVisitor<R> visitor);

    /**
     * The condition's opposite.
     *
     * @return this condition negated, or not negated if it was
     * @throws IllegalArgumentException if the kernel has no opposite of it
     */
    default Match not() {
        throw new IllegalArgumentException(this + " can't be negated");
    }

    /** {@return the families whose packets can meet this condition} */
    default FamilyScope families() {
        return FamilyScope.BOTH;
    }

    /**
     * Asks for a source address.
     *
     * @param prefix where it lies
     * @return the condition
     */
    static Match source(IpPrefix prefix) {
        return new SourceMatch(prefix, false);
    }

    /**
     * Asks for a destination address.
     *
     * @param prefix where it lies
     * @return the condition
     */
    static Match destination(IpPrefix prefix) {
        return new DestinationMatch(prefix, false);
    }

    /**
     * Asks for the interface through which the packet came.
     *
     * @param name its name
     * @return the condition
     * @throws IllegalArgumentException if no interface can have that name
     */
    static Match in(String name) {
        return new InInterfaceMatch(name, false);
    }

    /**
     * Asks for the interface through which the packet will leave.
     *
     * @param name its name
     * @return the condition
     * @throws IllegalArgumentException if no interface can have that name
     */
    static Match out(String name) {
        return new OutInterfaceMatch(name, false);
    }

    /**
     * Asks for a transport protocol.
     *
     * @param protocol which
     * @return the condition
     */
    static Match protocol(Protocol protocol) {
        return new ProtocolMatch(protocol, false);
    }

    /**
     * Asks for a whole TCP or UDP header.
     *
     * @param protocol the protocol that the rule is for
     * @return the condition
     */
    static Match header(Protocol protocol) {
        return new TransportMatch(protocol, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Asks for a source port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports which
     * @return the condition
     */
    static Match sourcePort(Protocol protocol, Ports ports) {
        return new TransportMatch(protocol, Optional.of(new TransportMatch.PortCondition(ports, false)), Optional.empty(), Optional.empty());
    }

    /**
     * Asks for a destination port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports which
     * @return the condition
     */
    static Match destinationPort(Protocol protocol, Ports ports) {
        return new TransportMatch(protocol, Optional.empty(), Optional.of(new TransportMatch.PortCondition(ports, false)), Optional.empty());
    }

    /**
     * Asks for a packet's mark.
     *
     * @param mark the bits under the mask
     * @return the condition
     */
    static Match mark(Mark mark) {
        return new MarkMatch(mark, false);
    }

    /**
     * Asks for a connection's mark.
     *
     * @param mark the bits under the mask
     * @return the condition
     */
    static Match connmark(Mark mark) {
        return new ConnmarkMatch(mark, false);
    }

    /**
     * Asks for the state of the connection.
     *
     * @param first one
     * @param others more, any of which will do
     * @return the condition
     */
    static Match conntrack(ConntrackState first, ConntrackState... others) {
        return new ConntrackStateMatch(EnumSet.of(first, others), false);
    }

    /**
     * Asks for TCP flags.
     *
     * @param flags which
     * @return the condition, for a rule for TCP
     */
    static Match flags(TcpFlags flags) {
        return new TransportMatch(Protocol.TCP, Optional.empty(), Optional.empty(), Optional.of(flags));
    }

    /**
     * Restricts a rule to one family.
     *
     * @param family which
     * @return the condition
     */
    static Match family(IpFamily family) {
        return new FamilyMatch(family);
    }

    /**
     * Asks for an address in a set.
     *
     * @param set a set of the same rule set
     * @param side which address
     * @return the condition
     */
    static Match in(AddressSet set, Side side) {
        return new SetMatch(set.name(), set.family(), side, false);
    }

    /** {@return the condition that a socket of this namespace sends the packet} */
    static Match ownedBySocket() {
        return new OwnerSocketMatch(false);
    }

    /**
     * Asks for the user of the sending socket.
     *
     * @param uid the user id, 0 to 4294967294
     * @return the condition
     * @throws IllegalArgumentException if it is out of range
     */
    static Match user(long uid) {
        return new OwnerUserMatch(uid, uid, false);
    }

    /**
     * Asks for the control group of the socket's process.
     *
     * @param path below the root of the hierarchy, without a leading slash
     * @return the condition
     * @throws IllegalArgumentException if it is no such path
     */
    static Match cgroup(String path) {
        return new CgroupMatch(path, false);
    }

    /**
     * Adds a note.
     *
     * @param text the note
     * @return a condition that every packet meets
     * @throws IllegalArgumentException if it would break its line
     */
    static Match comment(String text) {
        return new CommentMatch(text);
    }
}
