package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * Whether a socket of this namespace sent the packet, {@code -m owner --socket-exists}; only in OUTPUT and POSTROUTING.
 *
 * @param negated whether no socket must have sent it
 */
public record OwnerSocketMatch(boolean negated) implements Match {
    @Override
    public Match not() {
        return new OwnerSocketMatch(!negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
