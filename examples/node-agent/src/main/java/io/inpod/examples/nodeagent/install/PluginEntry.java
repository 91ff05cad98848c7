package io.inpod.examples.nodeagent.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.cniplugin.NativePlugin;
import io.inpod.examples.nodeagent.json.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/**
 * The plugin's entry in a network configuration.
 *
 * @param agentSocket where the agent listens for the plugin, as the runtime sees it
 * @param excludeNamespaces pods of these namespaces never wait for the agent; among them must be the agent's own, or its pod could not
 *     start
 */
public record PluginEntry(Path agentSocket, List<String> excludeNamespaces) {
    /** Sorts the namespaces. */
    public PluginEntry {
        excludeNamespaces = List.copyOf(new TreeSet<>(excludeNamespaces));
    }

    /**
     * Returns the entry as JSON, on one line.
     *
     * @param earlier the entry that it replaces, whose other keys it keeps; empty if there is none
     */
    String json(String earlier) throws IOException {
        ObjectNode entry = earlier.isEmpty() ? Json.object() : (ObjectNode) Json.read(earlier);
        entry.put("type", NativePlugin.NAME);
        entry.put("agentSocket", agentSocket.toString());
        excludeNamespaces.forEach(entry.putArray("excludeNamespaces")::add);
        return Json.write(entry);
    }

    /** {@return whether this is the same entry, apart from keys of others and from its layout} */
    boolean isIn(String earlier) throws IOException {
        return Json.read(earlier).equals(Json.read(json(earlier)));
    }
}
