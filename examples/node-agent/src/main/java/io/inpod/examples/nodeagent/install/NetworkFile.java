package io.inpod.examples.nodeagent.install;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.inpod.examples.cniplugin.NativePlugin;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A network configuration as somebody wrote it: a list of plugins, or a single plugin. Changes cut out or insert our entry and keep every
 * other byte, so that unknown keys, the digits of numbers and the layout stay.
 */
final class NetworkFile {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Set<String> CHAINABLE = Set.of("0.3.1", "0.4.0", "1.0.0", "1.1.0");
    private static final byte[] NOTHING = {};
    private static final String DEFAULT_NAME = "k8s-pod-network";

    private final byte[] bytes;
    private final Map<String, String> strings = new HashMap<>();
    private final boolean versions;
    /** The plugins of a list, in their order; null for a single plugin. */
    private final @Nullable List<Plugin> plugins;

    /** One plugin of a list: where its object begins and ends. */
    private record Plugin(int start, int end, String type) {
        boolean ours() {
            return type.equals(NativePlugin.NAME);
        }
    }

    /**
     * Reads a file.
     *
     * @param bytes what it contains
     * @throws IOException if no runtime would accept it: it isn't JSON, or has neither plugins nor a type
     */
    NetworkFile(byte[] bytes) throws IOException {
        this.bytes = bytes.clone();
        List<Plugin> found = null;
        boolean severalVersions = false;
        try (JsonParser parser = JSON.createParser(this.bytes)) {
            require(bytes.length > 0 && bytes[0] != (byte) 0xef && parser.nextToken() == JsonToken.START_OBJECT, "isn't a JSON object");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                JsonToken value = parser.nextToken();
                if (key.equals("plugins")) {
                    require(value == JsonToken.START_ARRAY, "has plugins that aren't an array");
                    found = plugins(parser);
                } else if (value == JsonToken.VALUE_STRING) {
                    strings.put(key, parser.getText());
                } else {
                    severalVersions |= key.equals("cniVersions");
                    parser.skipChildren();
                }
            }
            require(parser.nextToken() == null, "has something behind the object");
        }
        versions = severalVersions;
        plugins = found;
        if (found == null) {
            require(!strings.getOrDefault("type", "").isEmpty(), "has neither plugins nor a type");
        } else {
            require(!found.isEmpty(), "has no plugins");
            require(!strings.getOrDefault("name", "").isEmpty(), "has no name");
        }
    }

    private static List<Plugin> plugins(JsonParser parser) throws IOException {
        List<Plugin> plugins = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            require(parser.currentToken() == JsonToken.START_OBJECT, "has a plugin that isn't an object");
            int start = (int) parser.currentTokenLocation().getByteOffset();
            String type = "";
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                if (parser.nextToken() == JsonToken.VALUE_STRING && key.equals("type")) {
                    type = parser.getText();
                }
                parser.skipChildren();
            }
            require(!type.isEmpty(), "has a plugin without a type");
            plugins.add(new Plugin(start, (int) parser.currentLocation().getByteOffset(), type));
        }
        return plugins;
    }

    private static void require(boolean condition, String otherwise) throws IOException {
        if (!condition) {
            throw new IOException(otherwise);
        }
    }

    /** {@return whether it is a list of plugins, not a single one} */
    boolean isList() {
        return plugins != null;
    }

    /** {@return the types of its plugins, in their order} */
    List<String> types() {
        return plugins == null ? List.of(strings.getOrDefault("type", "")) : plugins.stream().map(Plugin::type).toList();
    }

    /** {@return whether our plugin is in the list} */
    boolean hasEntry() {
        return types().contains(NativePlugin.NAME);
    }

    /** {@return the file's bytes} */
    byte[] bytes() {
        return bytes.clone();
    }

    /**
     * Returns the list with our entry as its last plugin, and nowhere else.
     *
     * @param entry our entry
     * @return this if nothing is to be changed
     * @throws IOException if the list's version of the specification doesn't know chained plugins
     */
    NetworkFile with(PluginEntry entry) throws IOException {
        requireChainable();
        List<Plugin> all = list();
        List<Plugin> ours = all.stream().filter(Plugin::ours).toList();
        String earlier = ours.isEmpty() ? "" : text(ours.get(0).start(), ours.get(0).end());
        if (ours.size() == 1 && all.get(all.size() - 1).ours() && entry.isIn(earlier)) {
            return this;
        }
        NetworkFile others = without();
        List<Plugin> rest = others.list();
        int end = rest.get(rest.size() - 1).end();
        String space = others.text(others.arrayStart(rest.get(0).start()), rest.get(0).start());
        return others.replaced(end, end, ("," + space + entry.json(earlier)).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns the list without our entry.
     *
     * @return this if it isn't there
     * @throws IOException if no plugin would be left, so that the node would have no network
     */
    NetworkFile without() throws IOException {
        List<Plugin> all = list();
        int index = 0;
        while (index < all.size() && !all.get(index).ours()) {
            index++;
        }
        if (index == all.size()) {
            return this;
        }
        if (all.size() == 1) {
            throw new IOException(NativePlugin.NAME + " is its only plugin, and without it the node would have no network; "
                    + "install the configuration of the node's CNI plugin again");
        }
        return (index == 0 ? replaced(all.get(0).start(), all.get(1).start(), NOTHING)
                : replaced(all.get(index - 1).end(), all.get(index).end(), NOTHING))
                .without();
    }

    /** {@return the list that a runtime makes of a single plugin: itself, with its own name and version} */
    NetworkFile asList() throws IOException {
        String name = strings.getOrDefault("name", "");
        String json = "{\n  \"cniVersion\": " + quoted(strings.getOrDefault("cniVersion", "")) + ",\n  \"name\": "
                + quoted(name.isEmpty() ? DEFAULT_NAME : name) + ",\n  \"plugins\": [\n    "
                + new String(bytes, StandardCharsets.UTF_8).strip()
                + "\n  ]\n}\n";
        NetworkFile list = new NetworkFile(json.getBytes(StandardCharsets.UTF_8));
        list.requireChainable();
        return list;
    }

    private static String quoted(String text) {
        return com.fasterxml.jackson.databind.node.TextNode.valueOf(text).toString();
    }

    private void requireChainable() throws IOException {
        String version = strings.getOrDefault("cniVersion", "");
        if (!CHAINABLE.contains(version) && !(version.isEmpty() && versions)) {
            throw new IOException("its cniVersion is \"" + version + "\", and plugins can be chained from 0.3.1 to 1.1.0; "
                    + "set \"cniVersion\": \"0.4.0\" or later in it");
        }
    }

    private List<Plugin> list() throws IOException {
        if (plugins == null) {
            throw new IOException("it isn't a list of plugins");
        }
        return plugins;
    }

    /** Returns the place behind the bracket that precedes the first plugin: only white space lies between them. */
    private int arrayStart(int firstPlugin) {
        int at = firstPlugin;
        while (bytes[at - 1] != '[') {
            at--;
        }
        return at;
    }

    private String text(int start, int end) {
        return new String(bytes, start, end - start, StandardCharsets.UTF_8);
    }

    private NetworkFile replaced(int start, int end, byte[] piece) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, start);
        out.writeBytes(piece);
        out.write(bytes, end, bytes.length - end);
        return new NetworkFile(out.toByteArray()); // reading it again is the proof that it is still valid
    }
}
