package io.inpod.iptables;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The state of the packet's connection, {@code -m conntrack --ctstate}.
 *
 * @param states the states, any of which matches; at least one
 * @param negated whether the connection must be in none of them
 */
public record ConntrackStateMatch(Set<ConntrackState> states, boolean negated) implements Match {
    /**
     * Copies the states.
     *
     * @param states at least one state
     * @param negated whether the connection must be in none of them
     * @throws IllegalArgumentException if there is none
     */
    public ConntrackStateMatch {
        if (states.isEmpty()) {
            throw new IllegalArgumentException("conntrack states are empty: no packet would match");
        }
        states = Set.copyOf(states);
    }

    @Override
    public Match not() {
        return new ConntrackStateMatch(states, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
