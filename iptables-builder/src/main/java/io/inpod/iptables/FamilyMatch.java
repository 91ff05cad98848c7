package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import org.jspecify.annotations.Nullable;

/**
 * The address family, for a rule that names no address but applies to one family only. It is left out where another condition implies
 * the family, and where the whole rule set has only one.
 *
 * @param family the family
 */
public record FamilyMatch(IpFamily family) implements BasicMatch {
    @Override
    public FamilyScope families() {
        return FamilyScope.of(family);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
