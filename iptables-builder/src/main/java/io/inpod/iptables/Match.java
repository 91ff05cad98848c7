package io.inpod.iptables;

import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.IpFamily;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** One condition of a rule, see iptables(8) and iptables-extensions(8). A rule applies to packets that meet all of its conditions. */
public sealed interface Match permits Match.Basic, Match.Transport, Match.PacketMark, Match.ConnectionMark, Match.Conntrack,
        ConntrackStatusMatch, SetMatch, IcmpMatch, AddressTypeMatch, CommentMatch, OwnerUserMatch, OwnerGroupMatch, OwnerSocketMatch,
        CgroupMatch, SocketMatch, Limit {
    /** A condition on the packet's addresses, interfaces or protocol: at most one of each kind in a rule, and their order means nothing. */
    sealed interface Basic extends Match {
    }

    /**
     * The address family, for a rule that names no address but is meant for one family only. Left out where another condition tells
     * the family, or where the whole rule set has only one.
     *
     * @param only that family
     */
    record Family(IpFamily only) implements Basic {
        @Override
        public FamilyScope families() {
            return FamilyScope.of(only);
        }
    }

    /**
     * The source address, {@code -s}.
     *
     * @param prefix where it lies
     * @param negated whether it must lie outside
     */
    record Source(IpPrefix prefix, boolean negated) implements Basic {
        @Override
        public Match not() {
            return new Source(prefix, !negated);
        }

        @Override
        public FamilyScope families() {
            return FamilyScope.of(prefix.family());
        }
    }

    /**
     * The destination address, {@code -d}.
     *
     * @param prefix where it lies
     * @param negated whether it must lie outside
     */
    record Destination(IpPrefix prefix, boolean negated) implements Basic {
        @Override
        public Match not() {
            return new Destination(prefix, !negated);
        }

        @Override
        public FamilyScope families() {
            return FamilyScope.of(prefix.family());
        }
    }

    /**
     * The interface through which the packet came, {@code -i}; not in OUTPUT and POSTROUTING.
     *
     * @param name an interface name as the kernel allows it, at most 15 bytes; never a pattern
     * @param negated whether it must be another
     */
    record InInterface(String name, boolean negated) implements Basic {
        /**
         * Checks the name.
         *
         * @param name an interface name as the kernel allows it, at most 15 bytes; never a pattern
         * @param negated whether it must be another
         * @throws IllegalArgumentException if no interface can have it
         */
        public InInterface {
            InterfaceNames.check("in-interface", name);
        }

        @Override
        public Match not() {
            return new InInterface(name, !negated);
        }
    }

    /**
     * The interface through which the packet will leave, {@code -o}; not in PREROUTING and INPUT.
     *
     * @param name an interface name as the kernel allows it, at most 15 bytes; never a pattern
     * @param negated whether it must be another
     */
    record OutInterface(String name, boolean negated) implements Basic {
        /**
         * Checks the name.
         *
         * @param name an interface name as the kernel allows it, at most 15 bytes; never a pattern
         * @param negated whether it must be another
         * @throws IllegalArgumentException if no interface can have it
         */
        public OutInterface {
            InterfaceNames.check("out-interface", name);
        }

        @Override
        public Match not() {
            return new OutInterface(name, !negated);
        }
    }

    /**
     * The transport protocol, {@code -p}.
     *
     * @param protocol which
     * @param negated whether it must be another
     */
    record IpProtocol(Protocol protocol, boolean negated) implements Basic {
        @Override
        public Match not() {
            return new IpProtocol(protocol, !negated);
        }

        @Override
        public FamilyScope families() {
            return negated ? FamilyScope.BOTH : protocol.families();
        }
    }

    /**
     * A port condition within {@link Transport}.
     *
     * @param range which ports
     * @param negated whether it must be another port
     */
    record PortMatch(Ports range, boolean negated) {
        private PortMatch not() {
            return new PortMatch(range, !negated);
        }

        private boolean matters() {
            boolean all = range.first() == 0 && range.last() == 65535;
            if (all && negated) {
                throw new IllegalArgumentException("a port outside 0 to 65535 is asked for: no packet would match");
            }
            return !all;
        }
    }

    /**
     * The TCP or UDP header, {@code -m tcp} or {@code -m udp}, in a rule for that protocol. Without ports and flags it only asks that
     * the header is whole. A rule has at most one; several given to it are put together.
     *
     * @param protocol which header
     * @param source the source port, if it matters; all ports means that it doesn't
     * @param destination the destination port, if it matters; all ports means that it doesn't
     * @param flags the TCP flags, if they matter
     */
    record Transport(Protocol protocol, Optional<PortMatch> source, Optional<PortMatch> destination, Optional<TcpFlags> flags) implements Match {
        /**
         * Checks the header, and drops conditions that every port meets.
         *
         * @param protocol which header
         * @param source the source port, if it matters; all ports means that it doesn't
         * @param destination the destination port, if it matters; all ports means that it doesn't
         * @param flags the TCP flags, if they matter
         * @throws IllegalArgumentException if the protocol has no ports or flags, or no port is left
         */
        public Transport {
            if (!protocol.hasPorts() || flags.isPresent() && protocol != Protocol.TCP) {
                throw new IllegalArgumentException("protocol " + protocol.text() + " has no " + (protocol.hasPorts() ? "flags" : "ports"));
            }
            source = source.filter(PortMatch::matters);
            destination = destination.filter(PortMatch::matters);
        }

        @Override
        public Match not() {
            int parts = (source.isPresent() ? 1 : 0) + (destination.isPresent() ? 1 : 0) + (flags.isPresent() ? 1 : 0);
            if (parts != 1) {
                throw new IllegalArgumentException(this + " has no simple opposite: negate its ports one by one");
            }
            return new Transport(protocol, source.map(PortMatch::not), destination.map(PortMatch::not),
                    flags.map(f -> new TcpFlags(f.examined(), f.set(), !f.negated())));
        }

        /**
         * Adds the conditions of another, which must not be about the same part of the header.
         *
         * @param other for the same protocol
         * @return both
         * @throws IllegalArgumentException if both say something about the same
         */
        Transport and(Transport other) {
            if (source.isPresent() && other.source.isPresent() || destination.isPresent() && other.destination.isPresent()
                    || flags.isPresent() && other.flags.isPresent() || protocol != other.protocol) {
                throw new IllegalArgumentException("rule has two conditions on the same part of the " + protocol.text() + " header");
            }
            return new Transport(protocol, source.or(other::source), destination.or(other::destination), flags.or(other::flags));
        }
    }

    /**
     * The packet's mark, {@code -m mark}.
     *
     * @param mark the bits under the mask
     * @param negated whether they must differ
     */
    record PacketMark(Mark mark, boolean negated) implements Match {
        @Override
        public Match not() {
            return new PacketMark(mark, !negated);
        }
    }

    /**
     * The connection's mark, {@code -m connmark}.
     *
     * @param mark the bits under the mask
     * @param negated whether they must differ
     */
    record ConnectionMark(Mark mark, boolean negated) implements Match {
        @Override
        public Match not() {
            return new ConnectionMark(mark, !negated);
        }
    }

    /**
     * The state of the packet's connection, {@code -m conntrack --ctstate}.
     *
     * @param states any of these, at least one
     * @param negated whether it must be none of them
     */
    record Conntrack(Set<ConntrackState> states, boolean negated) implements Match {
        /**
         * Copies the states.
         *
         * @param states any of these, at least one
         * @param negated whether it must be none of them
         * @throws IllegalArgumentException if there are none
         */
        public Conntrack {
            if (states.isEmpty()) {
                throw new IllegalArgumentException("conntrack states are empty: no packet would match");
            }
            states = Set.copyOf(states);
        }

        @Override
        public Match not() {
            return new Conntrack(states, !negated);
        }
    }

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
        return new Source(prefix, false);
    }

    /**
     * Asks for a destination address.
     *
     * @param prefix where it lies
     * @return the condition
     */
    static Match destination(IpPrefix prefix) {
        return new Destination(prefix, false);
    }

    /**
     * Asks for the interface through which the packet came.
     *
     * @param name its name
     * @return the condition
     * @throws IllegalArgumentException if no interface can have that name
     */
    static Match in(String name) {
        return new InInterface(name, false);
    }

    /**
     * Asks for the interface through which the packet will leave.
     *
     * @param name its name
     * @return the condition
     * @throws IllegalArgumentException if no interface can have that name
     */
    static Match out(String name) {
        return new OutInterface(name, false);
    }

    /**
     * Asks for a transport protocol.
     *
     * @param protocol which
     * @return the condition
     */
    static Match protocol(Protocol protocol) {
        return new IpProtocol(protocol, false);
    }

    /**
     * Asks for a whole TCP or UDP header.
     *
     * @param protocol the protocol that the rule is for
     * @return the condition
     */
    static Match header(Protocol protocol) {
        return new Transport(protocol, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Asks for a source port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports which
     * @return the condition
     */
    static Match sourcePort(Protocol protocol, Ports ports) {
        return new Transport(protocol, Optional.of(new PortMatch(ports, false)), Optional.empty(), Optional.empty());
    }

    /**
     * Asks for a destination port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports which
     * @return the condition
     */
    static Match destinationPort(Protocol protocol, Ports ports) {
        return new Transport(protocol, Optional.empty(), Optional.of(new PortMatch(ports, false)), Optional.empty());
    }

    /**
     * Asks for a packet's mark.
     *
     * @param mark the bits under the mask
     * @return the condition
     */
    static Match mark(Mark mark) {
        return new PacketMark(mark, false);
    }

    /**
     * Asks for a connection's mark.
     *
     * @param mark the bits under the mask
     * @return the condition
     */
    static Match connmark(Mark mark) {
        return new ConnectionMark(mark, false);
    }

    /**
     * Asks for the state of the connection.
     *
     * @param first one
     * @param others more, any of which will do
     * @return the condition
     */
    static Match conntrack(ConntrackState first, ConntrackState... others) {
        return new Conntrack(EnumSet.of(first, others), false);
    }

    /**
     * Asks for TCP flags.
     *
     * @param flags which
     * @return the condition, for a rule for TCP
     */
    static Match flags(TcpFlags flags) {
        return new Transport(Protocol.TCP, Optional.empty(), Optional.empty(), Optional.of(flags));
    }

    /**
     * Restricts a rule to one family.
     *
     * @param family which
     * @return the condition
     */
    static Match family(IpFamily family) {
        return new Family(family);
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
