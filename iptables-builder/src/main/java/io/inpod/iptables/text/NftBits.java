package io.inpod.iptables.text;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Bits in an expression of libnftables-json(5): those of a constant, or those of a field after constants have been combined with it. A
 * constant is a number, a name, a list of them, or a binary operation on them. Operations have two or more operands: versions of nft nest
 * them, or put them all in one list.
 *
 * @param field the expression of the field; null for a constant
 * @param kept the bits of the field that are kept
 * @param flipped the bits that are flipped then; the value of a constant
 */
record NftBits(@Nullable Object field, long kept, long flipped) {
    private static final long ALL = 0xffff_ffffL;
    private static final Set<String> OPERATORS = Set.of("&", "|", "^", "<<", ">>");

    /** Returns the bits of an expression in which names stand for the given bits. */
    static NftBits of(Object expression, Map<String, Integer> names) {
        if (expression instanceof Long number) {
            return constant(number);
        } else if (expression instanceof String name) {
            return constant(named(name, names));
        } else if (expression instanceof List<?> list) {
            return all("|", list, names);
        } else if (expression instanceof Map<?, ?> map && !operands(map).isEmpty()) {
            return all(NftValue.kind(map), operands(map), names);
        }
        return new NftBits(expression, ALL, 0);
    }

    /** Returns the field in an expression, whatever the names in it stand for; null if there is none. */
    static @Nullable Object fieldIn(Object expression) {
        if (!(expression instanceof Map<?, ?> map)) {
            return null;
        }
        List<?> operands = operands(map);
        if (operands.isEmpty()) {
            return expression;
        }
        for (Object operand : operands) {
            Object field = fieldIn(NftValue.some(operand));
            if (field != null) {
                return field;
            }
        }
        return null;
    }

    /** Returns the operands of a binary operation; none of anything else. */
    private static List<?> operands(Map<?, ?> map) {
        if (map.size() != 1) {
            return List.of();
        }
        String operator = NftValue.kind(map);
        return OPERATORS.contains(operator) && map.get(operator) instanceof List<?> operands ? operands : List.of();
    }

    /** Returns the value of a constant. */
    static int constant(Object expression, Map<String, Integer> names) {
        NftBits bits = of(expression, names);
        if (bits.field != null) {
            throw new IllegalArgumentException("no constant: " + expression);
        }
        return (int) bits.flipped;
    }

    private static NftBits constant(long number) {
        if (number < 0 || number > ALL) {
            throw new IllegalArgumentException("bits " + number);
        }
        return new NftBits(null, 0, number);
    }

    private static long named(String name, Map<String, Integer> names) {
        Integer bits = names.get(name.toLowerCase(Locale.ROOT));
        return bits == null ? Long.decode(name) : bits & ALL; // a NumberFormatException is an IllegalArgumentException
    }

    private static NftBits all(String operator, List<?> operands, Map<String, Integer> names) {
        NftBits result = of(NftValue.some(operands.get(0)), names);
        for (Object operand : operands.subList(1, operands.size())) {
            result = result.with(operator, of(NftValue.some(operand), names));
        }
        return result;
    }

    /** Combines with other bits, at least one of the two a constant; the operations that are possible don't depend on the order. */
    private NftBits with(String operator, NftBits other) {
        if (field != null && other.field != null) {
            throw new IllegalArgumentException("two fields: " + field + ", " + other.field);
        }
        NftBits of = field != null ? this : other;
        long constant = field != null ? other.flipped : flipped;
        return switch (operator) {
            case "&" -> new NftBits(of.field, of.kept & constant, of.flipped & constant);
            case "|" -> new NftBits(of.field, of.kept & ~constant & ALL, of.flipped | constant);
            case "^" -> new NftBits(of.field, of.kept, of.flipped ^ constant);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    /** Returns the mask of a field from which bits were only taken out; empty if others were set or flipped. */
    Optional<Integer> mask() {
        return field == null || flipped != 0 ? Optional.empty() : Optional.of((int) kept);
    }
}
