package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import io.inpod.netns.IpFamily;
import org.jspecify.annotations.Nullable;

/**
 * Whether an address is in a set, {@code -m set --match-set}. The set belongs to the same {@link RuleSet}.
 *
 * @param set its name
 * @param family its family
 * @param side which of the packet's addresses
 * @param negated whether the opposite is asked for
 */
public record SetMatch(String set, IpFamily family, Side side, boolean negated) implements Match {
    /**
     * Checks the name.
     *
     * @param set its name
     * @param family its family
     * @param side which of the packet's addresses
     * @param negated whether the opposite is asked for
     * @throws IllegalArgumentException if it can't be a set's name
     */
    public SetMatch {
        Names.set(set);
    }

    @Override
    public Match not() {
        return new SetMatch(set, family, side, !negated);
    }

    @Override
    public FamilyScope families() {
        return FamilyScope.of(family);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
