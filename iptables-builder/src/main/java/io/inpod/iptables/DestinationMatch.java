package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The destination address, {@code -d}.
 *
 * @param prefix the block that contains the address
 * @param negated whether the address must lie outside the block
 */
public record DestinationMatch(IpPrefix prefix, boolean negated) implements BasicMatch {
    @Override
    public Match not() {
        return new DestinationMatch(prefix, !negated);
    }

    @Override
    public FamilyScope families() {
        return FamilyScope.of(prefix.family());
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
