package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * Whether a socket of this namespace would receive the packet, {@code -m socket}; only in PREROUTING and INPUT.
 *
 * @param transparent whether the socket must be transparent, see ip(7), IP_TRANSPARENT
 * @param anyAddress whether listeners on 0.0.0.0 and :: count too, {@code --nowildcard}
 */
public record SocketMatch(boolean transparent, boolean anyAddress) implements Match {
    /** Returns the condition that is met if both are. */
    SocketMatch and(SocketMatch other) {
        return new SocketMatch(transparent || other.transparent, anyAddress && other.anyAddress);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
