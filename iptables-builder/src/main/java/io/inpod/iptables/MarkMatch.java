package io.inpod.iptables;

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
}
