package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts a document together from its values, without recursion: its size is bounded by memory, and its depth by the schema. */
final class DocumentBuilder {
    /** Nearly twice what any key of the configuration needs. */
    private static final int DEEPEST = 16;
    /** How many values all aliases together may stand for: a small file could otherwise fill any memory. */
    private static final long MOST_ALIASED = 20_000_000;

    private final String source;
    private final Entries entries;
    private final Deque<Open> open = new ArrayDeque<>();
    private final Map<String, String> keys = new HashMap<>();
    private @Nullable Located root;
    private int documents;
    private long aliased;

    /** A collection whose end hasn't been read. */
    private static final class Open {
        final Located located;
        final @Nullable Map<Object, Located> map;
        final List<Located> list;
        final @Nullable String anchor;
        final @Nullable String variant;
        long values;
        int passedOn;
        @Nullable
        String key;
        int keyLine;

        Open(int line, boolean isMap, @Nullable String anchor, @Nullable String variant) {
            this.map = isMap ? new LinkedHashMap<>() : null;
            this.list = isMap ? List.of() : new ArrayList<>();
            this.located = new Located(line, isMap ? map : list);
            this.anchor = anchor;
            this.variant = variant;
        }
    }

    /** Something to which aliases may refer, with the number of values in it. */
    private record Anchored(Located located, long values) {}

    private final Map<String, Anchored> anchors = new HashMap<>();

    DocumentBuilder(String source, Entries entries) {
        this.source = source;
        this.entries = entries;
    }

    /** Returns the document, null if it is empty. The lists at its top are empty if their items have been passed on. */
    Located document() {
        return root == null ? new Located(1, null) : root;
    }

    void startDocument(int line) throws ConfigException {
        if (++documents > 1) {
            throw error(line, "there is more than one document");
        }
    }

    /** Adds the next key of a map. */
    void key(int line, String name) {
        Open map = open.getFirst();
        map.values++;
        setKey(map, line, name);
    }

    private void setKey(Open map, int line, String name) {
        map.key = keys.computeIfAbsent(name, key -> key);
        map.keyLine = line;
    }

    void scalar(int line, @Nullable Object value, @Nullable String anchor) throws ConfigException {
        Located located = new Located(line, value);
        if (anchor != null) {
            anchors.put(anchor, new Anchored(located, 1));
        }
        add(line, located, 1);
    }

    /** A value with a tag is the same as a map with the tag as its only key. */
    void variant(int line, String tag, Object value, @Nullable String anchor) throws ConfigException {
        scalar(line, Map.of(tag, new Located(line, value)), anchor);
    }

    void begin(int line, boolean isMap, @Nullable String anchor, @Nullable String variant) throws ConfigException {
        if (open.size() == DEEPEST) {
            throw error(line, "nested more than " + DEEPEST + " levels deep");
        }
        open.push(new Open(line, isMap, anchor, variant));
    }

    void end() throws ConfigException {
        Open ended = open.pop();
        Located located = ended.variant == null
                ? ended.located
                : new Located(ended.located.line(), Map.of(ended.variant, ended.located));
        if (ended.anchor != null) {
            anchors.put(ended.anchor, new Anchored(located, ended.values + 1));
        }
        add(located.line(), located, ended.values + 1);
    }

    void alias(int line, String anchor) throws ConfigException {
        for (Open collection : open) {
            if (anchor.equals(collection.anchor)) {
                throw error(line, "the alias " + anchor + " contains itself");
            }
        }
        Anchored found = anchors.get(anchor);
        if (found == null) {
            throw error(line, "there is no anchor " + anchor);
        }
        aliased += found.values;
        if (aliased > MOST_ALIASED) {
            throw error(line, "the aliases stand for more than " + MOST_ALIASED + " values");
        }
        add(line, found.located, found.values);
    }

    private void add(int line, Located value, long values) throws ConfigException {
        Open parent = open.peek();
        if (parent == null) {
            root = value;
            return;
        }
        parent.values += values;
        if (parent.map == null) {
            addItem(parent, value);
        } else if (parent.key == null) {
            if (value.value() instanceof Map || value.value() instanceof List) {
                throw error(line, "a key must be a text");
            }
            setKey(parent, line, String.valueOf(value.value()));
        } else {
            String key = parent.key;
            Located located = value.line() == parent.keyLine ? value : new Located(parent.keyLine, value.value());
            if (parent.map.put(key, located) != null) {
                throw new ConfigException(source + ":" + parent.keyLine + ": duplicate key " + key);
            }
            parent.key = null;
        }
    }

    private void addItem(Open list, Located item) throws ConfigException {
        Open outermost = open.getLast();
        if (open.size() == 2 && outermost.key != null && list.anchor == null && list.variant == null) {
            entries.entry(outermost.key, list.passedOn++, item);
        } else {
            list.list.add(item);
        }
    }

    /** Names the place by the keys of the document's root, as the reader of the file sees it. */
    ConfigException error(int line, String message) {
        Open outermost = open.peekLast();
        String key = outermost == null || outermost.key == null ? "" : outermost.key + ": ";
        return new ConfigException(source + ":" + line + ": " + key + message);
    }
}
