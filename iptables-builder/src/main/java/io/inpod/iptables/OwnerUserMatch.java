package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import org.jspecify.annotations.Nullable;

/**
 * The user of the sending socket, {@code -m owner --uid-owner}; only in OUTPUT and POSTROUTING.
 *
 * @param first the first user id, 0 to 4294967294
 * @param last the last user id, at least {@code first}
 * @param negated whether it must be another user
 */
public record OwnerUserMatch(long first, long last, boolean negated) implements Match {
    /**
     * Checks the range.
     *
     * @param first the first user id
     * @param last the last user id
     * @param negated whether it must be another user
     * @throws IllegalArgumentException if the ids are out of range or in the wrong order
     */
    public OwnerUserMatch {
        Names.ids("user", first, last);
    }

    @Override
    public Match not() {
        return new OwnerUserMatch(first, last, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
