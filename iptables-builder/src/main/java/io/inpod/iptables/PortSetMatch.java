package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether a port is in a set, {@code -m set --match-set}, in a rule for TCP or UDP. The set belongs to the same {@link RuleSet}. In {@code
 * inet} tables it is a lookup of a port ({@code tcp dport @set}).
 *
 * <p>A later fragment and an incomplete header have no port. In {@code inet} tables they never meet the condition. In the tables of
 * iptables they meet the negated one, unless {@link Match#header} comes with it.
 *
 * @param set the name of the set
 * @param protocol the protocol of the header
 * @param side the source or the destination port
 * @param negated whether the port must be outside the set
 */
public record PortSetMatch(String set, Protocol protocol, Side side, boolean negated) implements Match {
    /**
     * Checks name and protocol.
     *
     * @param set the name
     * @param protocol a protocol with ports
     * @param side the port
     * @param negated whether it must be outside
     * @throws IllegalArgumentException if no set can have this name, or the protocol has no ports
     */
    public PortSetMatch {
        Names.set(set);
        if (!protocol.hasPorts()) {
            throw new IllegalArgumentException("protocol " + protocol.text() + " has no ports");
        }
    }

    /** Returns a rule with conditions on ports where it asks for sets of ports as if they were of addresses; empty if it can't be one. */
    static Optional<Rule> resolved(Rule rule, Set<String> portSets) {
        if (rule.matches().stream().noneMatch(match -> match.namedSet().filter(portSets::contains).isPresent())) {
            return Optional.of(rule);
        }
        List<Match> matches = new ArrayList<>();
        for (Match match : rule.matches()) {
            boolean ports = match instanceof SetMatch set && portSets.contains(set.set());
            if (ports && rule.protocol().filter(Protocol::hasPorts).isEmpty()) {
                return Optional.empty();
            }
            matches.add(ports && match instanceof SetMatch set
                    ? new PortSetMatch(set.set(), rule.protocol().get(), set.side(), set.negated()) : match);
        }
        return Optional.of(new Rule(matches, rule.target()));
    }

    @Override
    public Match not() {
        return new PortSetMatch(set, protocol, side, !negated);
    }

    @Override
    public Optional<String> namedSet() {
        return Optional.of(set);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
