package io.inpod.iptables.text;

import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.internal.CountSets;
import io.inpod.netns.IpFamily;
import java.util.List;
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

    static ConnlimitMatch connections(Map<?, ?> count) {
        NftValue.only(count, "val", "inv");
        return new ConnlimitMatch(ConnlimitMatch.Counted.ALL, unsigned(count.get("val")), Boolean.TRUE.equals(count.get("inv")));
    }

    /** A count of each address, in a dynamic set of its own with or without a name; it belongs to one family. */
    static void connections(Map<?, ?> set, NftConditions conditions) {
        boolean named = set.containsKey("set");
        NftValue.only(set, named ? new String[] {"op", "elem", "set", "stmt"} : new String[] {"key", "stmt", "size", "name"});
        String name = String.valueOf(set.get(named ? "set" : "name"));
        if (named && !"add".equals(set.get("op")) || !CountSets.isName(name.startsWith("@") ? name.substring(1) : name)) {
            throw new IllegalArgumentException("set " + set);
        }
        Object statement = NftValue.some(set.get("stmt")); // a meter has one, without a list
        Map<?, ?> count = (Map<?, ?>) NftValue.some(statement instanceof List<?> list && list.size() == 1 ? list.get(0) : statement);
        NftValue.only(count, "ct count");
        String field = NftValue.field((Map<?, ?>) NftValue.some(set.get(named ? "elem" : "key")));
        boolean v4 = field.startsWith("ip ");
        boolean source = field.endsWith(" saddr");
        if (!field.equals((v4 ? "ip " : "ip6 ") + (source ? "saddr" : "daddr"))) {
            throw new IllegalArgumentException(field);
        }
        conditions.addFamily(v4 ? IpFamily.V4 : IpFamily.V6);
        ConnlimitMatch all = connections((Map<?, ?>) NftValue.some(count.get("ct count")));
        conditions.add(
                new ConnlimitMatch(source ? ConnlimitMatch.Counted.SOURCE : ConnlimitMatch.Counted.DESTINATION, all.most(), all.above()));
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
