package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A value of a parsed document, or the place for one, read as the type that belongs there. Errors name file, line and place. */
final class Node {
    private final String source;
    private final @Nullable Node parent;
    private final String name;
    private final int line;
    private final @Nullable Object value;

    private Node(String source, @Nullable Node parent, String name, int line, @Nullable Object value) {
        this.source = source;
        this.parent = parent;
        this.name = name;
        this.line = line;
        this.value = value;
    }

    /** Returns a value that isn't part of another one, in a place such as {@code workloads[3]}, or "" for the whole document. */
    static Node of(String source, String place, Located located) {
        return new Node(source, null, place, located.line(), located.value());
    }

    /** Returns the key or the number, in brackets, under which its parent has it. */
    String name() {
        return name;
    }

    ConfigException error(String message) {
        return new ConfigException(source + ":" + line + ": " + place() + ": " + message);
    }

    private String place() {
        if (parent == null) {
            return name.isEmpty() ? "the document" : name;
        }
        String before = parent.parent == null && parent.name.isEmpty() ? "" : parent.place();
        return before.isEmpty() || name.startsWith("[") ? before + name : before + "." + name;
    }

    private ConfigException not(String what) {
        boolean quotes = what.equals("a text") && !(value instanceof Map || value instanceof List);
        // An unquoted name such as 0123 or 1e3 is a number in YAML, and its original text is lost.
        return error("must be " + what + ", not " + brief() + (quotes ? " (write it in quotes)" : ""));
    }

    private String brief() {
        return value instanceof Map ? "a map" : value instanceof List ? "a list" : String.valueOf(value);
    }

    /** Returns whether nothing is given, or null. */
    boolean isAbsent() {
        return value == null;
    }

    /** Returns whether nothing is given, or null, or nothing is in it. */
    boolean isEmpty() {
        return value == null || value instanceof List<?> list && list.isEmpty() || value instanceof Map<?, ?> map && map.isEmpty()
                || value instanceof String text && text.isEmpty();
    }

    boolean isText() {
        return value instanceof String;
    }

    Node required() throws ConfigException {
        if (value == null) {
            throw error("is required");
        }
        return this;
    }

    /** Returns the value of a key; absent if this is absent. */
    Node get(String key) throws ConfigException {
        return map().get(key) instanceof Located located
                ? new Node(source, this, key, located.line(), located.value())
                : new Node(source, this, key, line, null);
    }

    private Map<?, ?> map() throws ConfigException {
        if (value == null && parent != null) {
            return Map.of();
        }
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw not("a map");
    }

    /** Returns the values of a map; none if this is absent. */
    List<Node> entries() throws ConfigException {
        List<Node> nodes = new ArrayList<>(map().size());
        for (Map.Entry<?, ?> entry : map().entrySet()) {
            Located located = (Located) entry.getValue();
            nodes.add(new Node(source, this, String.valueOf(entry.getKey()), located.line(), located.value()));
        }
        return nodes;
    }

    /** Returns the items of a list; none if this is absent. */
    List<Node> items() throws ConfigException {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw not("a list");
        }
        List<Node> nodes = new ArrayList<>(list.size());
        for (Object item : list) {
            Located located = (Located) item;
            nodes.add(new Node(source, this, "[" + nodes.size() + "]", located.line(), located.value()));
        }
        return nodes;
    }

    /** Throws if there is any other key. */
    void allow(Set<String> keys) throws ConfigException {
        for (Object key : map().keySet()) {
            if (!keys.contains(key)) {
                throw get(String.valueOf(key)).error("unknown key");
            }
        }
    }

    /** Returns a text, which may be empty. */
    String text() throws ConfigException {
        if (value instanceof String text) {
            return text;
        }
        throw required().not("a text");
    }

    /** Returns a text, which may be empty, or a default. */
    String text(String otherwise) throws ConfigException {
        return value == null ? otherwise : text();
    }

    /** Returns a text that isn't empty. */
    String nonempty() throws ConfigException {
        String text = text();
        if (text.isEmpty()) {
            throw error("is required");
        }
        return text;
    }

    /** Returns one of a few words. */
    String word(String... allowed) throws ConfigException {
        String text = text();
        if (!List.of(allowed).contains(text)) {
            throw error("must be one of " + String.join(", ", allowed) + ", not " + text);
        }
        return text;
    }

    /** Returns the constant whose name in mixed case the text is, such as {@code AllowAll} for {@code ALLOW_ALL}. */
    <E extends Enum<E>> E constant(E[] constants) throws ConfigException {
        String text = word(Arrays.stream(constants).map(Node::mixedCase).toArray(String[]::new));
        return Arrays.stream(constants).filter(constant -> mixedCase(constant).equals(text)).findFirst().orElseThrow();
    }

    <E extends Enum<E>> E constant(E[] constants, E otherwise) throws ConfigException {
        return value == null ? otherwise : constant(constants);
    }

    private static String mixedCase(Enum<?> constant) {
        return Arrays.stream(constant.name().split("_")).map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining());
    }

    boolean flag(boolean otherwise) throws ConfigException {
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw not("true or false");
    }

    /** Returns a whole number. */
    long number(long least, long most) throws ConfigException {
        if ((value instanceof Integer || value instanceof Long) && ((Number) value).longValue() >= least
                && ((Number) value).longValue() <= most) {
            return ((Number) value).longValue();
        }
        throw required().not("a whole number from " + least + " to " + most);
    }
}
