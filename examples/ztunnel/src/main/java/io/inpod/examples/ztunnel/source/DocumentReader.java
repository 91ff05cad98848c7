package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads a document of YAML or JSON event by event, without recursion: its size is bounded by memory, and its depth by the schema. */
final class DocumentReader {
    /** More than twice what any key of the configuration needs. */
    private static final int DEEPEST = 16;

    private final String source;
    private final LoadSettings settings;
    private final Map<Anchor, Located> anchors = new HashMap<>();
    private final Deque<Open> open = new ArrayDeque<>();
    private @Nullable Located root;
    private int documents;

    /** A collection whose end hasn't been read. */
    private static final class Open {
        final Located located;
        final @Nullable Map<Object, Located> map;
        final List<Located> list = new ArrayList<>();
        @Nullable
        Located key;

        Open(int line, boolean isMap) {
            this.map = isMap ? new LinkedHashMap<>() : null;
            this.located = new Located(line, isMap ? map : list);
        }
    }

    private DocumentReader(String source) {
        this.source = source;
        this.settings = LoadSettings.builder().setLabel(source).setCodePointLimit(Integer.MAX_VALUE).build();
    }

    static Located read(String source, String text) throws ConfigException {
        return new DocumentReader(source).read(text);
    }

    private Located read(String text) throws ConfigException {
        try {
            for (Event event : new Parse(settings).parseString(text)) {
                accept(event);
            }
        } catch (YamlEngineException e) {
            throw new ConfigException(source + " is neither YAML nor JSON: " + e.getMessage(), e);
        }
        return root == null ? new Located(1, null) : root;
    }

    private void accept(Event event) throws ConfigException {
        if (event instanceof DocumentStartEvent && ++documents > 1) {
            throw error(line(event), "there is more than one document");
        } else if (event instanceof AliasEvent alias) {
            add(line(event), aliased(alias));
        } else if (event instanceof ScalarEvent scalar) {
            Located located = new Located(line(event), scalar(scalar));
            scalar.getAnchor().ifPresent(anchor -> anchors.put(anchor, located));
            add(line(event), located);
        } else if (event instanceof CollectionStartEvent start) {
            begin(start);
        } else if (event instanceof CollectionEndEvent) {
            Located ended = open.pop().located;
            add(ended.line(), ended);
        }
    }

    private void begin(CollectionStartEvent start) throws ConfigException {
        boolean isMap = start instanceof MappingStartEvent;
        String tag = start.getTag().orElse("!");
        if (!tag.equals("!") && !tag.equals((isMap ? Tag.MAP : Tag.SEQ).getValue())) {
            throw error(line(start), "unknown tag " + tag);
        }
        if (open.size() == DEEPEST) {
            throw error(line(start), "nested more than " + DEEPEST + " levels deep");
        }
        Open opened = new Open(line(start), isMap);
        start.getAnchor().ifPresent(anchor -> anchors.put(anchor, opened.located));
        open.push(opened);
    }

    @SuppressWarnings("ReferenceEquality") // whether it is the same collection, not an equal one
    private Located aliased(AliasEvent alias) throws ConfigException {
        Located located = anchors.get(alias.getAlias());
        if (located == null) {
            throw error(line(alias), "there is no anchor " + alias.getAlias());
        }
        for (Open collection : open) {
            if (collection.located == located) {
                throw error(line(alias), "the alias " + alias.getAlias() + " contains itself");
            }
        }
        return located;
    }

    private @Nullable Object scalar(ScalarEvent event) throws ConfigException {
        boolean plain = event.getImplicit().canOmitTagInPlainScalar();
        Optional<String> given = event.getTag();
        Tag tag = given.isEmpty() || given.get().equals("!")
                ? settings.getSchema().getScalarResolver().resolve(event.getValue(), plain && given.isEmpty())
                : new Tag(given.get());
        if (tag.equals(Tag.STR)) {
            return event.getValue();
        }
        ConstructNode constructor = settings.getSchema().getSchemaTagConstructors().get(tag);
        if (constructor == null) {
            throw error(line(event), "unknown tag " + tag);
        }
        try {
            return constructor.construct(new ScalarNode(tag, event.getValue(), event.getScalarStyle()));
        } catch (NumberFormatException e) {
            throw error(line(event), event.getValue() + " is not of type " + tag);
        }
    }

    private void add(int line, Located value) throws ConfigException {
        Open parent = open.peek();
        if (parent == null) {
            root = value;
        } else if (parent.map == null) {
            parent.list.add(value);
        } else if (parent.key == null) {
            if (value.value() instanceof Map || value.value() instanceof List) {
                throw error(line, "a key must be a text");
            }
            parent.key = new Located(line, String.valueOf(value.value()));
        } else {
            Object key = String.valueOf(parent.key.value());
            if (parent.map.put(key, new Located(parent.key.line(), value.value())) != null) {
                throw new ConfigException(source + ":" + parent.key.line() + ": duplicate key " + key);
            }
            parent.key = null;
        }
    }

    /** Names the place by the keys of the document's root, as the reader of the file sees it. */
    private ConfigException error(int line, String message) {
        Open outermost = open.peekLast();
        String key = outermost == null || outermost.key == null ? "" : outermost.key.value() + ": ";
        return new ConfigException(source + ":" + line + ": " + key + message);
    }

    private static int line(Event event) {
        return event.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }
}
