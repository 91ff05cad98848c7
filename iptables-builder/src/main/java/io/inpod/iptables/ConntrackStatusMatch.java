package io.inpod.iptables;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The status of the packet's connection, {@code -m conntrack --ctstatus}.
 *
 * @param statuses the statuses, any of which matches; at least one
 * @param negated whether the connection must have none of them
 */
public record ConntrackStatusMatch(Set<ConntrackStatus> statuses, boolean negated) implements Match {
    /**
     * Copies the statuses.
     *
     * @param statuses at least one status
     * @param negated whether the connection must have none of them
     * @throws IllegalArgumentException if there is none
     */
    public ConntrackStatusMatch {
        if (statuses.isEmpty()) {
            throw new IllegalArgumentException("conntrack statuses are empty: no packet would match");
        }
        statuses = Set.copyOf(statuses);
    }

    @Override
    public Match not() {
        return new ConntrackStatusMatch(statuses, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
