package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/** What the API server keeps. */
interface Versioned {
    /** {@return what tells it from all others of its kind} */
    String key();

    /** {@return its version, which grows with each change of anything in the cluster} */
    long version();

    /**
     * Reads a version: <a href="https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions">a decimal number</a>.
     *
     * @param object an object or a list
     * @throws IOException if it has none
     */
    static long versionOf(JsonNode object) throws IOException {
        String text = object.path("metadata").path("resourceVersion").asText("");
        if (!text.matches("\\d{1,18}")) {
            throw new IOException("the API server's answer has the resourceVersion '" + text + "', which isn't a number");
        }
        return Long.parseLong(text);
    }
}
