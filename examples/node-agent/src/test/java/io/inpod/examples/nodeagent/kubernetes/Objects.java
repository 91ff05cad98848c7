package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.json.Json;
import java.io.IOException;

/** Objects as the API server writes them. */
final class Objects {
    static final String NODE = "node1";

    private Objects() {}

    static ObjectNode pod(String namespace, String name, String mode) {
        ObjectNode pod = Json.object().put("kind", "Pod").put("apiVersion", "v1");
        ObjectNode metadata = pod.putObject("metadata").put("namespace", namespace).put("name", name).put("uid", "uid-" + name);
        metadata.putObject("annotations");
        ObjectNode labels = metadata.putObject("labels").put("app", name);
        if (!mode.isEmpty()) {
            labels.put(Selection.MODE, mode);
        }
        pod.putObject("spec").put("nodeName", NODE).put("serviceAccountName", "sa-" + name);
        ObjectNode status = pod.putObject("status").put("phase", "Running").put("podIP", "10.0.0.9");
        status.putArray("podIPs").addObject().put("ip", "10.0.0.9");
        return pod;
    }

    static ObjectNode annotated(ObjectNode pod, String name, String value) {
        ((ObjectNode) pod.path("metadata").path("annotations")).put(name, value);
        return pod;
    }

    static ObjectNode with(ObjectNode pod, String part, String name, JsonNode value) {
        ((ObjectNode) pod.path(part)).set(name, value);
        return pod;
    }

    static ObjectNode namespace(String name, String mode) {
        ObjectNode namespace = Json.object().put("kind", "Namespace").put("apiVersion", "v1");
        ObjectNode labels = namespace.putObject("metadata").put("name", name).put("uid", "uid-" + name).putObject("labels");
        if (!mode.isEmpty()) {
            labels.put(Selection.MODE, mode);
        }
        return namespace;
    }

    static JsonNode json(String text) throws IOException {
        return Json.read(text);
    }
}
