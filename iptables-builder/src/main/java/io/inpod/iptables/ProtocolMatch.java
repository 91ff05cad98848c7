package io.inpod.iptables;

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
}
