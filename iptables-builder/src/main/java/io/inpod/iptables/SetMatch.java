package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import io.inpod.netns.IpFamily;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether an address is in a set, {@code -m set --match-set}. The set belongs to the same {@link RuleSet}.
 *
 * @param set the name of the set
 * @param family the family of the set
 * @param side the source or the destination address
 * @param negated whether the address must be outside the set
 */
public record SetMatch(String set, IpFamily family, Side side, boolean negated) implements Match {
    /**
     * Checks the name.
     *
     * @param set the name
     * @param family the family
     * @param side the address
     * @param negated whether it must be outside
     * @throws IllegalArgumentException if no set can have this name
     */
    public SetMatch {
        Names.set(set);
    }

    @Override
    public Match not() {
        return new SetMatch(set, family, side, !negated);
    }

    @Override
    public Optional<String> namedSet() {
        return Optional.of(set);
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
