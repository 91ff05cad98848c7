package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The class that routing gives an address, {@code -m addrtype --src-type} or {@code --dst-type}.
 *
 * @param side the source or the destination address
 * @param type the expected class
 * @param negated whether it must be another class
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
