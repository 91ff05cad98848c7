package io.inpod.iptables.text;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads conditions on what the kernel looks up for a packet: the type of an address, {@code fib}, and its {@code socket}. */
final class NftLookupParser {
    private NftLookupParser() {}

    /** Later versions list a single flag without a list. */
    static Match fib(NftComparison found, Map<?, ?> field) {
        NftValue.only(field, "result", "flags");
        if (!"type".equals(field.get("result"))) {
            throw new IllegalArgumentException("fib " + field);
        }
        Object flags = NftValue.some(field.get("flags"));
        Side side = side(flags instanceof List<?> list && list.size() == 1 ? NftValue.some(list.get(0)) : flags);
        for (AddressType type : AddressType.values()) {
            if (Long.valueOf(NftRule.number(type)).equals(found.right()) || type.name().toLowerCase(Locale.ROOT).equals(found.right())) {
                return new AddressTypeMatch(side, type, found.negated());
            }
        }
        throw new IllegalArgumentException("fib type " + found.right());
    }

    private static Side side(Object flag) {
        if (flag.equals("saddr")) {
            return Side.SOURCE;
        } else if (flag.equals("daddr")) {
            return Side.DESTINATION;
        }
        throw new IllegalArgumentException("fib " + flag);
    }

    static void socket(NftComparison found, Map<?, ?> field, NftConditions conditions) {
        NftValue.only(field, "key", "level");
        String key = String.valueOf(field.get("key"));
        Object right = found.right();
        Match transparent = new SocketMatch(true, true);
        if (key.equals("transparent") && found.operator().equals("<=") && right.equals(1L)) {
            conditions.add(new SocketMatch(false, true));
        } else if (key.equals("transparent") && right.equals(1L) && !found.negated()) {
            conditions.add(transparent);
        } else if (key.equals("wildcard") && right.equals(0L) && !found.negated()) {
            if (conditions.endWith(transparent)) {
                conditions.replaceLast(new SocketMatch(true, false));
            } else {
                conditions.add(new SocketMatch(false, false));
            }
        } else if (key.equals("cgroupv2") && right instanceof String path && isLevel(field.get("level"), path)) {
            conditions.add(new CgroupMatch(path, found.negated()));
        } else {
            throw new IllegalArgumentException("socket " + field);
        }
    }

    /** A level, where one is listed, is the number of names in the path. */
    private static boolean isLevel(@Nullable Object level, String path) {
        return level == null || NftValue.number(level) == path.split("/").length;
    }
}
