package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/**
 * A namespace of the cluster.
 *
 * @param name its name
 * @param version its version
 * @param mode its label {@link Selection#MODE}; empty without one
 */
record ApiNamespace(String name, long version, String mode) implements Versioned {
    static ApiNamespace read(JsonNode object) throws IOException {
        JsonNode metadata = object.path("metadata");
        return new ApiNamespace(metadata.path("name").asText(), Versioned.versionOf(object),
                metadata.path("labels").path(Selection.MODE).asText(""));
    }

    @Override
    public String key() {
        return name;
    }
}
