package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The mark of the packet's connection, {@code -m connmark}.
 *
 * @param mark the expected bits and their mask
 * @param negated whether the bits must differ
 */
public record ConnmarkMatch(Mark mark, boolean negated) implements Match {
    @Override
    public Match not() {
        return new ConnmarkMatch(mark, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
