package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import org.jspecify.annotations.Nullable;

/**
 * The group of the sending socket, {@code -m owner --gid-owner}; only in OUTPUT and POSTROUTING.
 *
 * @param first the first group id, 0 to 4294967294
 * @param last the last group id, at least {@code first}
 * @param negated whether it must be another group
 */
public record OwnerGroupMatch(long first, long last, boolean negated) implements Match {
    /**
     * Checks the range.
     *
     * @param first the first group id
     * @param last the last group id
     * @param negated whether it must be another group
     * @throws IllegalArgumentException if the ids are out of range or in the wrong order
     */
    public OwnerGroupMatch {
        Names.ids("group", first, last);
    }

    @Override
    public Match not() {
        return new OwnerGroupMatch(first, last, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
