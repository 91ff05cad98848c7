package io.inpod.iptables;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The type and code of an ICMP or ICMPv6 message, {@code -m icmp} or {@code -m icmp6}, in a rule for that protocol.
 *
 * @param protocol {@link Protocol#ICMP} or {@link Protocol#ICMPV6}
 * @param type the type, 0 to 255 (at most 254 for ICMP, where 255 means any)
 * @param code the code, 0 to 255, or any
 * @param negated whether it must be another type or code
 */
public record IcmpMatch(Protocol protocol, int type, OptionalInt code, boolean negated) implements Match {
    /**
     * Checks the values.
     *
     * @param protocol {@link Protocol#ICMP} or {@link Protocol#ICMPV6}
     * @param type the type
     * @param code the code
     * @param negated whether it must be another type or code
     * @throws IllegalArgumentException if a value is out of range
     */
    public IcmpMatch {
        if (protocol.hasPorts()) {
            throw new IllegalArgumentException("icmp type in protocol " + protocol.text());
        }
        int last = protocol == Protocol.ICMP ? 254 : 255;
        if (type < 0 || type > last || code.isPresent() && (code.getAsInt() < 0 || code.getAsInt() > 255)) {
            throw new IllegalArgumentException(
                    "icmp type " + type + (code.isPresent() ? "/" + code.getAsInt() : "") + " is not 0 to " + last + " with code 0 to 255");
        }
    }

    @Override
    public Match not() {
        return new IcmpMatch(protocol, type, code, !negated);
    }

    @Override
    public FamilyScope families() {
        return protocol.families();
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
