package io.inpod.iptables;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What has happened to the packet's connection, {@code -m conntrack --ctstatus}.
 *
 * @param statuses any of these, at least one
 * @param negated whether the opposite is asked for
 */
public record ConntrackStatusMatch(Set<ConntrackStatus> statuses, boolean negated) implements Match {
    /**
     * Copies the statuses.
     *
     * @param statuses any of these, at least one
     * @param negated whether the opposite is asked for
     * @throws IllegalArgumentException if there are none
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
