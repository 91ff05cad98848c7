package io.inpod.examples.nodeagent.install;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.cniplugin.NativePlugin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

/**
 * The plugin's entry in a network configuration.
 *
 * @param agentSocket where the agent listens for the plugin, as the runtime sees it
 * @param excludeNamespaces pods of these namespaces never wait for the agent; among them must be the agent's own, or its pod could not start
 */
public record PluginEntry(Path agentSocket, List<String> excludeNamespaces) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Sorts the namespaces. */
    public PluginEntry {
        excludeNamespaces = List.copyOf(new TreeSet<>(excludeNamespaces));
    }

    /** {@return whether this is the same entry, however it is laid out} */
    boolean equalsJson(String json) throws IOException {
        return JSON.readTree(json).equals(JSON.readTree(json()));
    }

    /** {@return the entry as JSON, on one line} */
    String json() {
        ObjectNode entry = JSON.createObjectNode();
        entry.put("type", NativePlugin.NAME);
        entry.put("agentSocket", agentSocket.toString());
        excludeNamespaces.forEach(entry.putArray("excludeNamespaces")::add);
        return entry.toString();
    }
}
