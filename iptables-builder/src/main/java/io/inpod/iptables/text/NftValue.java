package io.inpod.iptables.text;

import io.inpod.iptables.Ports;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes values out of libnftables-json(5), which has no types. What has another form than expected is an IllegalArgumentException, a
 * ClassCastException, an IndexOutOfBoundsException or an ArithmeticException, which {@link NftRuleParser#parse} catches.
 */
final class NftValue {
    private NftValue() {}

    static Object some(@Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException("something is missing");
        }
        return value;
    }

    static int number(@Nullable Object value) {
        return Math.toIntExact((Long) some(value));
    }

    /** The ends of a range; a number is a range of itself. */
    static long[] range(@Nullable Object value) {
        if (value instanceof Map<?, ?> map && map.get("range") instanceof List<?> ends) {
            return new long[] {(Long) some(ends.get(0)), (Long) some(ends.get(1))};
        }
        long one = (Long) some(value);
        return new long[] {one, one};
    }

    static Ports ports(@Nullable Object value) {
        long[] range = range(value);
        return new Ports((int) range[0], (int) range[1]);
    }

    /** Returns what an object is: its only key. */
    static String kind(Map<?, ?> object) {
        if (object.size() != 1) {
            throw new IllegalArgumentException("keys " + object.keySet());
        }
        return String.valueOf(object.keySet().iterator().next());
    }

    /** Returns the name of a field: kind and key, or header and field; with a property beyond these, it is another field. */
    static String field(Map<?, ?> key) {
        String kind = kind(key);
        Map<?, ?> detail = (Map<?, ?>) some(key.get(kind));
        switch (kind) {
            case "payload" -> {
                only(detail, "protocol", "field");
                return some(detail.get("protocol")) + " " + some(detail.get("field"));
            }
            case "tcp option" -> {
                only(detail, "name", "field");
                return kind + " " + some(detail.get("name"))
                        + (Objects.equals(detail.get("field"), "size") ? "" : " " + detail.get("field"));
            }
            default -> {
                only(detail, "key");
                return kind + " " + some(detail.get("key"));
            }
        }
    }

    /** Refuses properties beyond those that are understood: they might change the meaning. */
    static void only(Map<?, ?> detail, String... known) {
        if (!Set.of(known).containsAll(detail.keySet())) {
            throw new IllegalArgumentException("properties " + detail.keySet());
        }
    }
}
