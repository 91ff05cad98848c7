package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.io.Reader;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

/** Reads a document of YAML event by event. */
final class YamlReader {
    /** The tags that mean something: the kinds of a comparison. */
    private static final Set<String> VARIANTS = Set.of("Exact", "Prefix", "Suffix", "Presence");

    private final LoadSettings settings;
    private final DocumentBuilder document;

    private YamlReader(String source, DocumentBuilder document) {
        this.settings = LoadSettings.builder().setLabel(source).setCodePointLimit(Integer.MAX_VALUE).build();
        this.document = document;
    }

    static Located read(String source, Reader text, Entries entries) throws ConfigException {
        DocumentBuilder document = new DocumentBuilder(source, entries);
        YamlReader reader = new YamlReader(source, document);
        try {
            for (Event event : new Parse(reader.settings).parseReader(text)) {
                reader.accept(event);
            }
        } catch (YamlEngineException e) {
            throw new ConfigException(source + " is neither YAML nor JSON: " + e.getMessage(), e);
        }
        return document.document();
    }

    private void accept(Event event) throws ConfigException {
        if (event instanceof DocumentStartEvent) {
            document.startDocument(line(event));
        } else if (event instanceof AliasEvent alias) {
            document.alias(line(event), alias.getAlias().getValue());
        } else if (event instanceof ScalarEvent scalar) {
            scalar(scalar);
        } else if (event instanceof CollectionStartEvent start) {
            begin(start);
        } else if (event instanceof CollectionEndEvent) {
            document.end();
        }
    }

    private void begin(CollectionStartEvent start) throws ConfigException {
        boolean isMap = start instanceof MappingStartEvent;
        String tag = start.getTag().orElse("!");
        String variant = variant(tag);
        if (variant == null && !tag.equals("!") && !tag.equals((isMap ? Tag.MAP : Tag.SEQ).getValue())) {
            throw document.error(line(start), "unknown tag " + tag);
        }
        document.begin(line(start), isMap, anchor(start.getAnchor()), variant);
    }

    private void scalar(ScalarEvent event) throws ConfigException {
        String anchor = anchor(event.getAnchor());
        String variant = variant(event.getTag().orElse("!"));
        if (variant == null) {
            document.scalar(line(event), value(event), anchor);
        } else {
            document.variant(line(event), variant, event.getValue(), anchor);
        }
    }

    private static @Nullable String variant(String tag) {
        return tag.length() > 1 && VARIANTS.contains(tag.substring(1)) ? tag.substring(1) : null;
    }

    private static @Nullable String anchor(Optional<Anchor> anchor) {
        return anchor.map(Anchor::getValue).orElse(null);
    }

    private @Nullable Object value(ScalarEvent event) throws ConfigException {
        boolean plain = event.getImplicit().canOmitTagInPlainScalar();
        Optional<String> given = event.getTag();
        Tag tag = given.isEmpty() || given.get().equals("!")
                ? settings.getSchema().getScalarResolver().resolve(event.getValue(), plain && given.isEmpty())
                : new Tag(given.get());
        if (tag.equals(Tag.STR)) {
            return event.getValue();
        }
        ConstructNode constructor = settings.getSchema().getSchemaTagConstructors().get(tag);
        if (constructor == null || List.of(Tag.MAP, Tag.SEQ).contains(tag)) {
            throw document.error(line(event), "unknown tag " + tag);
        }
        try {
            return constructor.construct(new ScalarNode(tag, event.getValue(), event.getScalarStyle()));
        } catch (NumberFormatException e) {
            throw document.error(line(event), event.getValue() + " is not of type " + tag);
        }
    }

    private static int line(Event event) {
        return event.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }
}
