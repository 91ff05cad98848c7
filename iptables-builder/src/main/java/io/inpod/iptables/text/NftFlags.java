package io.inpod.iptables.text;

import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.TcpFlag;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * Values that are bits of a field.
 *
 * @param type the values
 * @param bit the bit of each
 * @param names the bits by the names that nft has for them
 */
record NftFlags<E extends Enum<E>>(Class<E> type, ToIntFunction<E> bit, Map<String, Integer> names) {
    static final NftFlags<TcpFlag> TCP = of(TcpFlag.class, TcpFlag::bit);
    static final NftFlags<ConntrackState> STATES = of(ConntrackState.class, NftRule::bit);
    static final NftFlags<ConntrackStatus> STATUSES = of(ConntrackStatus.class, NftRule::bit);

    private static <E extends Enum<E>> NftFlags<E> of(Class<E> type, ToIntFunction<E> bit) {
        Map<String, Integer> names = new HashMap<>();
        for (E value : type.getEnumConstants()) {
            names.put(value.name().toLowerCase(Locale.ROOT).replace('_', '-'), bit.applyAsInt(value));
        }
        return new NftFlags<>(type, bit, Map.copyOf(names));
    }

    Set<E> of(Object constant) {
        return values(NftBits.constant(constant, names), constant);
    }

    /** The bits of a field that a comparison keeps. */
    Set<E> kept(NftComparison comparison) {
        return values(keptBits(comparison).orElseThrow(() -> new IllegalArgumentException("bits " + comparison.left())), comparison.left());
    }

    private Optional<Integer> keptBits(NftComparison comparison) {
        return NftBits.of(comparison.left(), names).mask();
    }

    /** Whether a comparison of the kept bits asks if any is on; if not, it asks if none is. */
    boolean isAny(NftComparison comparison) {
        int value = NftBits.constant(comparison.right(), names);
        if (value == 0) {
            return comparison.negated();
        }
        if (Integer.bitCount(value) == 1 && keptBits(comparison).equals(Optional.of(value))) {
            return !comparison.negated();
        }
        throw new IllegalArgumentException("bits " + comparison.right());
    }

    private Set<E> values(int bits, Object words) {
        Set<E> values = EnumSet.noneOf(type);
        int left = bits;
        for (E value : type.getEnumConstants()) {
            if ((left & bit.applyAsInt(value)) != 0) {
                values.add(value);
                left &= ~bit.applyAsInt(value);
            }
        }
        if (left != 0) {
            throw new IllegalArgumentException("bits " + words);
        }
        return values;
    }
}
