package io.inpod.iptables;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The TCP or UDP header, {@code -m tcp} or {@code -m udp}, in a rule for that protocol. Without ports and flags it only requires a
 * complete header. A rule has at most one; several conditions are merged into it.
 *
 * @param protocol the protocol of the header
 * @param source the source port, if it matters; a range of all ports is left out
 * @param destination the destination port, if it matters; a range of all ports is left out
 * @param flags the TCP flags, if they matter
 */
public record TransportMatch(Protocol protocol, Optional<PortCondition> source, Optional<PortCondition> destination,
        Optional<TcpFlags> flags) implements Match {
    /**
     * A condition on one of the two ports. All but the first ports, or all but the last, are stored as the range of the others.
     *
     * @param range the ports
     * @param negated whether it must be another port
     */
    public record PortCondition(Ports range, boolean negated) {
        private static final int LAST = 65535;

        /**
         * Finds the simplest form.
         *
         * @param range the ports
         * @param negated whether it must be another port
         */
        public PortCondition {
            if (negated && range.first() == 0 && range.last() < LAST) {
                range = new Ports(range.last() + 1, LAST);
                negated = false;
            } else if (negated && range.first() > 0 && range.last() == LAST) {
                range = new Ports(0, range.first() - 1);
                negated = false;
            }
        }

        private PortCondition not() {
            return new PortCondition(range, !negated);
        }

        private boolean matters() {
            boolean all = range.first() == 0 && range.last() == LAST;
            if (all && negated) {
                throw new IllegalArgumentException("a port outside 0 to 65535 is asked for: no packet would match");
            }
            return !all;
        }
    }

    /**
     * Checks the header, and leaves out conditions that every port meets.
     *
     * @param protocol a protocol with ports
     * @param source the source port
     * @param destination the destination port
     * @param flags the flags, for TCP only
     * @throws IllegalArgumentException if the protocol has no ports or flags, or a condition excludes every port
     */
    public TransportMatch {
        if (!protocol.hasPorts() || flags.isPresent() && protocol != Protocol.TCP) {
            throw new IllegalArgumentException("protocol " + protocol.text() + " has no " + (protocol.hasPorts() ? "flags" : "ports"));
        }
        source = source.filter(PortCondition::matters);
        destination = destination.filter(PortCondition::matters);
    }

    /** {@return whether nothing but a complete header is required} */
    public boolean isHeaderAlone() {
        return source.isEmpty() && destination.isEmpty() && flags.isEmpty();
    }

    @Override
    public Match not() {
        int parts = (source.isPresent() ? 1 : 0) + (destination.isPresent() ? 1 : 0) + (flags.isPresent() ? 1 : 0);
        if (parts != 1) {
            throw new IllegalArgumentException(this + " has no simple opposite: negate its ports one by one");
        }
        return new TransportMatch(protocol, source.map(PortCondition::not), destination.map(PortCondition::not),
                flags.map(f -> new TcpFlags(f.examined(), f.set(), !f.negated())));
    }

    /** Merges the conditions of another header of the same protocol, which must be on other parts of it. */
    TransportMatch and(TransportMatch other) {
        if (source.isPresent() && other.source.isPresent() || destination.isPresent() && other.destination.isPresent()
                || flags.isPresent() && other.flags.isPresent() || protocol != other.protocol) {
            throw new IllegalArgumentException("rule has two conditions on the same part of the " + protocol.text() + " header");
        }
        return new TransportMatch(protocol, source.or(other::source), destination.or(other::destination), flags.or(other::flags));
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
