package io.inpod.iptables;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** One condition of a rule, see iptables(8) and iptables-extensions(8). A rule applies to packets that meet all of its conditions. */
public sealed interface Match {
    /** A condition on the packet's addresses, interfaces or protocol: at most one of each kind in a rule, and their order means nothing. */
    sealed interface Basic extends Match {
    }

    /**
     * The source address, {@code -s}.
     *
     * @param prefix where it lies
     * @param negated whether it must lie outside
     */
    record Source(IpPrefix prefix, boolean negated) implements Basic {
    }

    /**
     * The destination address, {@code -d}.
     *
     * @param prefix where it lies
     * @param negated whether it must lie outside
     */
    record Destination(IpPrefix prefix, boolean negated) implements Basic {
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
    }

    /**
     * The transport protocol, {@code -p}.
     *
     * @param protocol which
     * @param negated whether it must be another
     */
    record IpProtocol(Protocol protocol, boolean negated) implements Basic {
    }

    /**
     * A port condition within {@link Transport}.
     *
     * @param range which ports
     * @param negated whether it must be another port
     */
    record PortMatch(Ports range, boolean negated) {
    }

    /**
     * The TCP or UDP header, {@code -m tcp} or {@code -m udp}, in a rule for that protocol. Without ports it only asks that the
     * header is whole.
     *
     * @param protocol which header
     * @param source the source port, if it matters
     * @param destination the destination port, if it matters
     */
    record Transport(Protocol protocol, Optional<PortMatch> source, Optional<PortMatch> destination) implements Match {
    }

    /**
     * The packet's mark, {@code -m mark}.
     *
     * @param mark the bits under the mask
     * @param negated whether they must differ
     */
    record PacketMark(Mark mark, boolean negated) implements Match {
    }

    /**
     * The connection's mark, {@code -m connmark}.
     *
     * @param mark the bits under the mask
     * @param negated whether they must differ
     */
    record ConnectionMark(Mark mark, boolean negated) implements Match {
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
    }

    /**
     * The condition's opposite.
     *
     * @return this condition negated, or not negated if it was
     * @throws IllegalArgumentException for {@link Transport}, whose ports are negated one by one
     */
    default Match not() {
        if (this instanceof Source m) {
            return new Source(m.prefix, !m.negated);
        } else if (this instanceof Destination m) {
            return new Destination(m.prefix, !m.negated);
        } else if (this instanceof InInterface m) {
            return new InInterface(m.name, !m.negated);
        } else if (this instanceof OutInterface m) {
            return new OutInterface(m.name, !m.negated);
        } else if (this instanceof IpProtocol m) {
            return new IpProtocol(m.protocol, !m.negated);
        } else if (this instanceof PacketMark m) {
            return new PacketMark(m.mark, !m.negated);
        } else if (this instanceof ConnectionMark m) {
            return new ConnectionMark(m.mark, !m.negated);
        } else if (this instanceof Conntrack m) {
            return new Conntrack(m.states, !m.negated);
        } else if (this instanceof Transport m && m.source.isPresent() != m.destination.isPresent()) {
            return new Transport(m.protocol, m.source.map(p -> new PortMatch(p.range, !p.negated)),
                    m.destination.map(p -> new PortMatch(p.range, !p.negated)));
        }
        throw new IllegalArgumentException(this + " has no simple opposite: negate its ports one by one");
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
        return new Transport(protocol, Optional.empty(), Optional.empty());
    }

    /**
     * Asks for a source port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports which
     * @return the condition
     */
    static Match sourcePort(Protocol protocol, Ports ports) {
        return new Transport(protocol, Optional.of(new PortMatch(ports, false)), Optional.empty());
    }

    /**
     * Asks for a destination port.
     *
     * @param protocol the protocol that the rule is for
     * @param ports which
     * @return the condition
     */
    static Match destinationPort(Protocol protocol, Ports ports) {
        return new Transport(protocol, Optional.empty(), Optional.of(new PortMatch(ports, false)));
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
        Collection<ConntrackState> states = EnumSet.of(first, others);
        return new Conntrack(Set.copyOf(states), false);
    }
}
