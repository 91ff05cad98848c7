package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * How routing classifies an address, {@code -m addrtype --src-type} or {@code --dst-type}.
 *
 * @param side which of the packet's addresses
 * @param type its class
 * @param negated whether the opposite is asked for
 */
public record AddressTypeMatch(Side side, AddressType type, boolean negated) implements Match {
    @Override
    public Match not() {
        return new AddressTypeMatch(side, type, !negated);
    }

    @Override
    public FamilyScope families() {
        return type.families();
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
