package io.inpod.iptables;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Several ports or ranges of ports, {@code -m multiport}, in a rule for TCP or UDP; see iptables-extensions(8). In {@code inet} tables it
 * is a set without a name ({@code tcp dport { 80, 443 }}).
 *
 * @param protocol the protocol of the header
 * @param side the source or the destination port
 * @param ports two or more ranges in ascending order that neither overlap nor touch
 * @param negated whether it must be another port
 */
public record MultiportMatch(Protocol protocol, Side side, List<Ports> ports, boolean negated) implements Match {
    /** The number of slots in a condition, XT_MULTI_PORTS: a port takes one, a range two. */
    public static final int SLOTS = 15;

    /**
     * Sorts the ranges, and joins those that overlap or touch.
     *
     * @param protocol a protocol with ports
     * @param side the source or the destination port
     * @param ports the ports, in any order
     * @param negated whether it must be another port
     * @throws IllegalArgumentException if the protocol has no ports, the ranges join to fewer than two, or they need more than
     *     {@value #SLOTS} slots
     */
    public MultiportMatch {
        if (!protocol.hasPorts()) {
            throw new IllegalArgumentException("protocol " + protocol.text() + " has no ports");
        }
        ports = joined(ports);
        if (ports.size() < 2) {
            throw new IllegalArgumentException(
                    ports.isEmpty() ? "no ports are given" : "ports " + ports.get(0).text('-') + " are one range: use MultiportMatch.of");
        }
        int slots = 0;
        for (Ports range : ports) {
            slots += range.first() == range.last() ? 1 : 2;
        }
        if (slots > SLOTS) {
            throw new IllegalArgumentException("ports " + ports.stream().map(range -> range.text('-')).toList() + " need " + slots
                    + " slots, more than " + SLOTS + ": a port takes one, a range two; use several rules");
        }
    }

    /**
     * Returns the simplest condition on some ports.
     *
     * @param protocol a protocol with ports
     * @param side the source or the destination port
     * @param ports the ports, in any order
     * @param negated whether it must be another port
     * @return the condition; a {@link TransportMatch} if the ports join to one range
     * @throws IllegalArgumentException if the protocol has no ports, there are none, or they need more than {@value #SLOTS} slots
     */
    public static Match of(Protocol protocol, Side side, List<Ports> ports, boolean negated) {
        List<Ports> joined = joined(ports);
        if (joined.size() != 1) {
            return new MultiportMatch(protocol, side, joined, negated);
        }
        Optional<TransportMatch.PortCondition> one = Optional.of(new TransportMatch.PortCondition(joined.get(0), negated));
        Optional<TransportMatch.PortCondition> none = Optional.empty();
        return new TransportMatch(protocol, side == Side.SOURCE ? one : none, side == Side.SOURCE ? none : one, Optional.empty());
    }

    private static List<Ports> joined(List<Ports> given) {
        List<Ports> sorted = new ArrayList<>(given);
        sorted.sort(Comparator.comparingInt(Ports::first));
        List<Ports> joined = new ArrayList<>(sorted.size());
        for (Ports range : sorted) {
            int end = joined.size() - 1;
            if (end >= 0 && range.first() <= joined.get(end).last() + 1) {
                joined.set(end, new Ports(joined.get(end).first(), Math.max(joined.get(end).last(), range.last())));
            } else {
                joined.add(range);
            }
        }
        return List.copyOf(joined);
    }

    @Override
    public Match not() {
        return new MultiportMatch(protocol, side, ports, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
