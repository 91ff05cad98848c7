package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The packet's mark, {@code -m mark}.
 *
 * @param mark the expected bits and their mask
 * @param negated whether the bits must differ
 */
public record MarkMatch(Mark mark, boolean negated) implements Match {
    @Override
    public Match not() {
        return new MarkMatch(mark, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
