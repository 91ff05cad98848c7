package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A map of a parsed document, with its place in the document for errors. */
record Node(String source, int line, String path, Map<?, ?> map) {
    Node(String source, String path, Located value) throws ConfigException {
        this(source, value.line(), path, asMap(source, path, value));
    }

    private static Map<?, ?> asMap(String source, String path, Located located) throws ConfigException {
        if (located.value() instanceof Map<?, ?> map) {
            return map;
        }
        throw new ConfigException(source + ":" + located.line() + ": " + (path.isEmpty() ? "the document" : path) + ": must be a map, not "
                + brief(located.value()));
    }

    ConfigException error(String key, @Nullable String message) {
        int at = map.get(key) instanceof Located located ? located.line() : line;
        return new ConfigException(source + ":" + at + ": " + place(key) + ": " + message);
    }

    private String place(String key) {
        return path.isEmpty() || key.isEmpty() ? path + key : path + "." + key;
    }

    private @Nullable Object value(String key) {
        return map.get(key) instanceof Located located ? located.value() : null;
    }

    private static String brief(@Nullable Object value) {
        return value instanceof Map ? "a map" : value instanceof List ? "a list" : String.valueOf(value);
    }

    /** Throws if there is any other key. */
    void allow(String... keys) throws ConfigException {
        for (Object key : map.keySet()) {
            if (!Set.of(keys).contains(key)) {
                throw error(String.valueOf(key), "unknown key");
            }
        }
    }

    /** Throws unless these keys, which this version can't enforce, are absent, null or empty. */
    void refuseUnlessEmpty(String... keys) throws ConfigException {
        for (String key : keys) {
            Object value = value(key);
            boolean empty = value == null || value instanceof List<?> list && list.isEmpty()
                    || value instanceof Map<?, ?> nested && nested.isEmpty();
            if (!empty) {
                throw error(key, "this version can't enforce it, so it must be empty");
            }
        }
    }

    /** Returns a nested map, empty if it is absent. */
    Node nested(String key) throws ConfigException {
        Located located = map.get(key) instanceof Located found ? found : new Located(line, null);
        return new Node(source, place(key), located.value() == null ? new Located(located.line(), Map.of()) : located);
    }

    List<Node> list(String key) throws ConfigException {
        List<Node> nodes = new ArrayList<>();
        for (Located item : items(key)) {
            nodes.add(new Node(source, place(key) + "[" + nodes.size() + "]", item));
        }
        return nodes;
    }

    private List<Located> items(String key) throws ConfigException {
        Object value = value(key);
        List<Located> items = new ArrayList<>();
        if (value != null) {
            if (!(value instanceof List<?> list)) {
                throw error(key, "must be a list, not " + brief(value));
            }
            for (Object item : list) {
                items.add((Located) item);
            }
        }
        return items;
    }

    /** Returns a list of addresses, which is required but may be empty. */
    List<InetAddress> addresses(String key) throws ConfigException {
        if (value(key) == null) {
            throw error(key, "is required");
        }
        List<InetAddress> addresses = new ArrayList<>();
        for (Located item : items(key)) {
            byte[] bytes = item.value() instanceof String text ? NetUtil.createByteArrayFromIpAddressString(text) : null;
            try {
                if (bytes == null) {
                    throw new UnknownHostException();
                }
                addresses.add(InetAddress.getByAddress(bytes));
            } catch (UnknownHostException e) {
                throw new ConfigException(
                        source + ":" + item.line() + ": " + place(key) + "[" + addresses.size() + "]: must be an IP address, not "
                                + brief(item.value()),
                        e);
            }
        }
        return addresses;
    }

    String required(String key) throws ConfigException {
        String text = text(key, "");
        if (text.isEmpty()) {
            throw error(key, "is required");
        }
        return text;
    }

    String text(String key, String otherwise) throws ConfigException {
        Object value = value(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text) {
            return text;
        }
        // An unquoted name such as 0123 or 1e3 is a number in YAML, and its original text is lost.
        throw error(key,
                "must be a text, not " + brief(value) + (value instanceof Map || value instanceof List ? "" : " (write it in quotes)"));
    }

    String text(String key, String otherwise, String... allowed) throws ConfigException {
        String text = text(key, otherwise);
        if (!List.of(allowed).contains(text)) {
            throw error(key, "must be one of " + String.join(", ", allowed) + ", not " + text);
        }
        return text;
    }

    /** Checks a whole number of 32 bits without sign, as in Istio's workload.proto, that this proxy doesn't use. */
    void checkNumber(String key) throws ConfigException {
        Object value = value(key);
        boolean fits = value instanceof Number number && (value instanceof Integer || value instanceof Long)
                && number.longValue() >= 0 && number.longValue() <= 0xffff_ffffL;
        if (value != null && !fits) {
            throw error(key, "must be a whole number from 0 to 4294967295, not " + brief(value));
        }
    }

    boolean flag(String key) throws ConfigException {
        Object value = value(key);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        throw error(key, "must be true or false, not " + brief(value));
    }
}
