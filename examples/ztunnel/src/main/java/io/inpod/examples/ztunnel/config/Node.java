package io.inpod.examples.ztunnel.config;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A map of a parsed document, with its place in the document for errors. */
record Node(String source, String path, Map<?, ?> map) {
    Node(String source, String path, Object value) throws ConfigException {
        this(source, path, asMap(source, path, value));
    }

    private static Map<?, ?> asMap(String source, String path, Object value) throws ConfigException {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new ConfigException(source + ": " + (path.isEmpty() ? "the document" : path) + ": must be a map, not " + value);
    }

    ConfigException error(String key, @Nullable String message) {
        return new ConfigException(source + ": " + place(key) + ": " + message);
    }

    private String place(String key) {
        return path.isEmpty() || key.isEmpty() ? path + key : path + "." + key;
    }

    /** Throws if there is any other key. */
    void allow(String... keys) throws ConfigException {
        for (Object key : map.keySet()) {
            if (!(key instanceof String) || !Set.of(keys).contains(key)) {
                throw error(String.valueOf(key), "unknown key");
            }
        }
    }

    /** Throws unless these keys, which this version can't enforce, are absent, null or empty. */
    void refuseUnlessEmpty(String... keys) throws ConfigException {
        for (String key : keys) {
            Object value = map.get(key);
            boolean empty = value == null || value instanceof Collection<?> list && list.isEmpty()
                    || value instanceof Map<?, ?> nested && nested.isEmpty();
            if (!empty) {
                throw error(key, "this version can't enforce it, so it must be empty");
            }
        }
    }

    /** Returns a nested map, empty if it is absent. */
    Node nested(String key) throws ConfigException {
        Object value = map.get(key);
        return new Node(source, place(key), value == null ? Map.of() : value);
    }

    List<Node> list(String key) throws ConfigException {
        List<Node> nodes = new ArrayList<>();
        for (Object item : items(key)) {
            nodes.add(new Node(source, place(key) + "[" + nodes.size() + "]", item == null ? "nothing" : item));
        }
        return nodes;
    }

    private Collection<?> items(String key) throws ConfigException {
        Object value = map.get(key);
        if (value == null) {
            return List.of();
        }
        if (value instanceof Collection<?> items) {
            return items;
        }
        throw error(key, "must be a list, not " + value);
    }

    /** Returns a list of addresses, which is required but may be empty. */
    List<InetAddress> addresses(String key) throws ConfigException {
        if (map.get(key) == null) {
            throw error(key, "is required");
        }
        List<InetAddress> addresses = new ArrayList<>();
        for (Object item : items(key)) {
            byte[] bytes = item instanceof String text ? NetUtil.createByteArrayFromIpAddressString(text) : null;
            try {
                if (bytes == null) {
                    throw new UnknownHostException();
                }
                addresses.add(InetAddress.getByAddress(bytes));
            } catch (UnknownHostException e) {
                throw error(key + "[" + addresses.size() + "]", "must be an IP address, not " + item);
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
        Object value = map.get(key);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text) {
            return text;
        }
        // An unquoted name such as 0123 or 1e3 is a number in YAML, and its original text is lost.
        throw error(key,
                "must be a text, not " + value + (value instanceof Map || value instanceof Collection ? "" : " (write it in quotes)"));
    }

    String text(String key, String otherwise, String... allowed) throws ConfigException {
        String text = text(key, otherwise);
        if (!List.of(allowed).contains(text)) {
            throw error(key, "must be one of " + String.join(", ", allowed) + ", not " + text);
        }
        return text;
    }

    /** Checks a whole number, not negative, that this proxy doesn't use. */
    void checkNumber(String key) throws ConfigException {
        Object value = map.get(key);
        if (value != null && !(value instanceof Integer number && number >= 0)) {
            throw error(key, "must be a number, not " + value);
        }
    }

    boolean flag(String key) throws ConfigException {
        Object value = map.get(key);
        if (value == null || value instanceof Boolean) {
            return Boolean.TRUE.equals(value);
        }
        throw error(key, "must be true or false, not " + value);
    }
}
