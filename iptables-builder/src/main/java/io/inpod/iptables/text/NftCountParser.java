package io.inpod.iptables.text;

import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.RandomMatch;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads conditions on numbers that the kernel counts or draws: {@code numgen} and {@code ct count}. */
final class NftCountParser {
    private NftCountParser() {}

    /** A chance counts as understood if the kernel can draw it from {@link RandomMatch#DRAWS} numbers. */
    static Match numgen(NftComparison found, Map<?, ?> field) {
        NftValue.only(field, "mode", "mod", "offset");
        long modulus = unsigned(field.get("mod"));
        if (field.get("offset") != null && unsigned(field.get("offset")) != 0) {
            throw new IllegalArgumentException("numgen " + field);
        }
        String operator = found.operator();
        if ("inc".equals(field.get("mode"))) {
            return new NthMatch(modulus, unsigned(found.right()), found.negated());
        }
        if (!"random".equals(field.get("mode")) || !operator.equals("<") && !operator.equals(">=")) {
            throw new IllegalArgumentException("numgen " + field + " " + operator);
        }
        return RandomMatch.ofDraws(unsigned(found.right()), modulus, operator.equals(">="));
    }

    static Match connections(Map<?, ?> count) {
        NftValue.only(count, "val", "inv");
        return new ConnlimitMatch(ConnlimitMatch.Counted.ALL, unsigned(count.get("val")), Boolean.TRUE.equals(count.get("inv")));
    }

    /** nft 1.0.6 prints some numbers of 32 bits as if they had a sign. */
    private static long unsigned(@Nullable Object value) {
        long number = (Long) NftValue.some(value);
        if (number < Integer.MIN_VALUE) {
            throw new IllegalArgumentException("number " + number);
        }
        return number < 0 ? number & 0xffff_ffffL : number;
    }
}
