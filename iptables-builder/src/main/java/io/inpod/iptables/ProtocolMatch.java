package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The transport protocol, {@code -p}.
 *
 * @param protocol the protocol
 * @param negated whether it must be another protocol
 */
public record ProtocolMatch(Protocol protocol, boolean negated) implements BasicMatch {
    @Override
    public Match not() {
        return new ProtocolMatch(protocol, !negated);
    }

    @Override
    public FamilyScope families() {
        return negated ? FamilyScope.BOTH : protocol.families();
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
