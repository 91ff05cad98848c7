package io.inpod.iptables.text;

import java.util.Map;

/**
 * A condition that compares a field with a value, the statement {@code match} of libnftables-json(5).
 *
 * @param left the field, or an operation on its bits
 * @param operator the comparison
 * @param right the value
 */
record NftComparison(Object left, String operator, Object right) {
    static NftComparison of(Map<?, ?> match) {
        return new NftComparison(NftValue.some(match.get("left")), String.valueOf(match.get("op")), NftValue.some(match.get("right")));
    }

    /** Returns the field itself. */
    Map<?, ?> field() {
        return (Map<?, ?>) NftValue.some(NftBits.fieldIn(left));
    }

    /** Whether an operation on the field's bits comes before the comparison. */
    boolean masked() {
        return field() != left;
    }

    /** Whether the field must differ from the value, where it must equal it or differ from it. */
    boolean negated() {
        if (!operator.equals("==") && !operator.equals("!=")) {
            throw new IllegalArgumentException(operator);
        }
        return operator.equals("!=");
    }

    /** Whether any of the value's bits must be on ("in"), where any must be on or none ("!"). */
    boolean anyOf() {
        if (!operator.equals("in") && !operator.equals("!")) {
            throw new IllegalArgumentException(operator);
        }
        return operator.equals("in");
    }
}
