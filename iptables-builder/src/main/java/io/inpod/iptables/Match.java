package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * One condition of a rule, see iptables(8) and iptables-extensions(8). A rule applies to packets that meet all of its conditions.
 *
 * <p>Each kind of condition is a record; the methods here create the usual ones.
 */
public sealed interface Match
        permits BasicMatch, TransportMatch, MultiportMatch, MarkMatch, ConnmarkMatch, ConntrackStateMatch, ConntrackStatusMatch, SetMatch,
        PortSetMatch, IcmpMatch, AddressTypeMatch, CommentMatch, OwnerUserMatch, OwnerGroupMatch, OwnerSocketMatch, CgroupMatch,
        AddressRangeMatch,
        SocketMatch, LimitMatch, RandomMatch, NthMatch, ConnlimitMatch {
    /**
     * Calls the visitor's method for this kind of condition.
     *
     * @param <R> the type of the result
     * @param visitor handles every kind
     * @return its result
     */
    <R extends @Nullable Object> R accept(MatchVisitor<R> visitor);

    /**
     * Returns the opposite of this condition.
     *
     * @return this condition negated, or not negated if it was
     * @throws IllegalArgumentException if the kernel does not support the opposite
     */
    default Match not() {
        throw new IllegalArgumentException(this + " can't be negated");
    }

    /**
     * {@return whether this condition counts the packets that have met those before it, so that its place among them matters}
     */
    default boolean isCounting() {
        return false;
    }

    /** {@return the name of the set that it refers to, if it does} */
    default Optional<String> namedSet() {
        return Optional.empty();
    }

    /** {@return the families whose packets can meet this condition} */
    default FamilyScope families() {
        return FamilyScope.BOTH;
    }

    /**
     * Returns a condition on the source address.
     *
     * @param prefix the block that contains the address
     * @return the condition
     */
    static Match source(IpPrefix prefix) {
        return new SourceMatch(prefix, false);
    }

    /**
     * Returns a condition on the destination address.
     *
     * @param prefix the block that contains the address
     * @return the condition
     */
    static Match destination(IpPrefix prefix) {
        return new DestinationMatch(prefix, false);
    }

    /**
     * Returns a condition on the source address.
     *
     * @param range the range that contains the address
     * @return the condition
     */
    static Match source(AddressRange range) {
        return AddressRangeMatch.of(Side.SOURCE, range, false);
    }

    /**
     * Returns a condition on the destination address.
     *
     * @param range the range that contains the address
     * @return the condition
     */
    static Match destination(AddressRange range) {
        return AddressRangeMatch.of(Side.DESTINATION, range, false);
    }

    /**
     * Returns a condition on the interface on which the packet arrived.
     *
     * @param name its name; {@code eth+} stands for all interfaces whose names begin with {@code eth}
     * @return the condition
     * @throws IllegalArgumentException if no interface can have that name, or every interface would match
     */
    static Match in(String name) {
        return new InInterfaceMatch(name, false);
    }

    /**
     * Returns a condition on the interface through which the packet will leave.
     *
     * @param name its name; {@code eth+} stands for all interfaces whose names begin with {@code eth}
     * @return the condition
     * @throws IllegalArgumentException if no interface can have that name, or every interface would match
     */
    static Match out(String name) {
        return new OutInterfaceMatch(name, false);
    }

    /**
     * Returns a condition on the transport protocol.
     *
     * @param protocol the protocol
     * @return the condition
     */
    static Match protocol(Protocol protocol) {
        return new ProtocolMatch(protocol, false);
    }

    /**
     * Returns a condition on the transport protocol.
     *
     * @param number its number, 1 to 255, see protocols(5); {@code 132} is SCTP
     * @return the condition
     * @throws IllegalArgumentException if it is out of range
     */
    static Match protocol(int number) {
        return ProtocolNumberMatch.of(number, false);
    }

    /**
     * Returns the condition that the TCP or UDP header is complete.
     *
     * @param protocol the protocol that the rule is for
     * @return the condition
     */
    static Match header(Protocol protocol) {
        return new TransportMatch(protocol, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Returns a condition on the source port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports the ports
     * @return the condition
     */
    static Match sourcePort(Protocol protocol, Ports ports) {
        return new TransportMatch(protocol, Optional.of(new TransportMatch.PortCondition(ports, false)), Optional.empty(),
                Optional.empty());
    }

    /**
     * Returns a condition on the destination port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports the ports
     * @return the condition
     */
    static Match destinationPort(Protocol protocol, Ports ports) {
        return new TransportMatch(protocol, Optional.empty(), Optional.of(new TransportMatch.PortCondition(ports, false)),
                Optional.empty());
    }

    /**
     * Returns a condition on several source ports.
     *
     * @param protocol the protocol that the rule is for
     * @param first ports
     * @param others more ports, any of which matches
     * @return the condition
     * @throws IllegalArgumentException if they need more than {@value MultiportMatch#SLOTS} slots: a port takes one, a range two
     */
    static Match sourcePorts(Protocol protocol, Ports first, Ports... others) {
        return ports(protocol, Side.SOURCE, first, others);
    }

    /**
     * Returns a condition on several destination ports.
     *
     * @param protocol the protocol that the rule is for
     * @param first ports
     * @param others more ports, any of which matches
     * @return the condition
     * @throws IllegalArgumentException if they need more than {@value MultiportMatch#SLOTS} slots: a port takes one, a range two
     */
    static Match destinationPorts(Protocol protocol, Ports first, Ports... others) {
        return ports(protocol, Side.DESTINATION, first, others);
    }

    private static Match ports(Protocol protocol, Side side, Ports first, Ports... others) {
        List<Ports> all = new ArrayList<>(List.of(others));
        all.add(first);
        return MultiportMatch.of(protocol, side, all, false);
    }

    /**
     * Returns a condition on the type of an ICMP message, in a rule for {@link Protocol#ICMP}.
     *
     * @param type the type, 0 to 254, see IANA's "ICMP Type Numbers"; {@code 8} is an echo request
     * @return the condition, for any code
     * @throws IllegalArgumentException if it is out of range
     */
    static Match icmpType(int type) {
        return new IcmpMatch(Protocol.ICMP, type, OptionalInt.empty(), false);
    }

    /**
     * Returns a condition on the type of an ICMPv6 message, in a rule for {@link Protocol#ICMPV6}.
     *
     * @param type the type, 0 to 255, see IANA's "ICMPv6 type Numbers"; {@code 128} is an echo request
     * @return the condition, for any code
     * @throws IllegalArgumentException if it is out of range
     */
    static Match icmpv6Type(int type) {
        return new IcmpMatch(Protocol.ICMPV6, type, OptionalInt.empty(), false);
    }

    /**
     * Returns a chance, drawn for each packet.
     *
     * @param probability the part of the packets that match, above 0 and below 1
     * @return the condition
     * @throws IllegalArgumentException if it is out of range
     */
    static Match random(double probability) {
        return new RandomMatch(probability, false);
    }

    /**
     * Returns a condition that the first packet of several meets, in turn.
     *
     * @param every the number of packets in a turn, 2 to 4294967295
     * @return the condition
     * @throws IllegalArgumentException if it is out of range
     */
    static Match everyNth(long every) {
        return new NthMatch(every, 0, false);
    }

    /**
     * Returns the condition that there are more connections at the same time than a number; {@link #not()} is the opposite.
     *
     * @param most the number of connections, 1 to 4294967295
     * @param counted which connections are counted together
     * @return the condition
     * @throws IllegalArgumentException if the number is out of range
     */
    static Match connectionsAbove(long most, ConnlimitMatch.Counted counted) {
        return new ConnlimitMatch(counted, most, true);
    }

    /**
     * Returns a condition on the packet's mark.
     *
     * @param mark the expected bits and their mask
     * @return the condition
     */
    static Match mark(Mark mark) {
        return new MarkMatch(mark, false);
    }

    /**
     * Returns a condition on the connection's mark.
     *
     * @param mark the expected bits and their mask
     * @return the condition
     */
    static Match connmark(Mark mark) {
        return new ConnmarkMatch(mark, false);
    }

    /**
     * Returns a condition on the state of the connection.
     *
     * @param first a state
     * @param others more states, any of which matches
     * @return the condition
     */
    static Match conntrack(ConntrackState first, ConntrackState... others) {
        return new ConntrackStateMatch(EnumSet.of(first, others), false);
    }

    /**
     * Returns a condition on the TCP flags.
     *
     * @param flags the flags
     * @return the condition, for a rule for TCP
     */
    static Match flags(TcpFlags flags) {
        return new TransportMatch(Protocol.TCP, Optional.empty(), Optional.empty(), Optional.of(flags));
    }

    /**
     * Returns a condition that restricts a rule to one family.
     *
     * @param family the family
     * @return the condition
     */
    static Match family(IpFamily family) {
        return new FamilyMatch(family);
    }

    /**
     * Returns the condition that an address is in a set.
     *
     * @param set a set of the same rule set
     * @param side the source or the destination address
     * @return the condition
     */
    static Match in(AddressSet set, Side side) {
        return new SetMatch(set.name(), set.family(), side, false);
    }

    /**
     * Returns the condition that a port is in a set.
     *
     * @param set a set of the same rule set
     * @param protocol the protocol that the rule is for
     * @param side the source or the destination port
     * @return the condition
     * @throws IllegalArgumentException if the protocol has no ports
     */
    static Match in(PortSet set, Protocol protocol, Side side) {
        return new PortSetMatch(set.name(), protocol, side, false);
    }

    /** {@return the condition that a socket of this namespace sent the packet} */
    static Match ownedBySocket() {
        return new OwnerSocketMatch(false);
    }

    /**
     * Returns a condition on the user of the sending socket.
     *
     * @param uid the user id, 0 to 4294967294
     * @return the condition
     * @throws IllegalArgumentException if it is out of range
     */
    static Match user(long uid) {
        return new OwnerUserMatch(uid, uid, false);
    }

    /**
     * Returns a condition on the control group of the socket's process.
     *
     * @param path below the root of the hierarchy, without a leading slash
     * @return the condition
     * @throws IllegalArgumentException if it is not such a path
     */
    static Match cgroup(String path) {
        return new CgroupMatch(path, false);
    }

    /**
     * Returns a note for readers.
     *
     * @param text the note
     * @return a condition that every packet meets
     * @throws IllegalArgumentException if it would break its line
     */
    static Match comment(String text) {
        return new CommentMatch(text);
    }
}
