package io.inpod.examples.nodeagent.plugin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** An answer as the plugin expects it: {@code 0}, or {@code 1} and an error object of the CNI specification. */
final class PluginReply {
    /** The plugin reads 16 KiB, and a character may become six. */
    private static final int LONGEST = 1200;

    private PluginReply() {}

    static ByteBuffer pass() {
        return ByteBuffer.wrap("0".getBytes(StandardCharsets.US_ASCII));
    }

    static ByteBuffer refused(RefusedException refusal, String version) throws IOException {
        ObjectNode error = Json.object();
        error.put("cniVersion", version);
        error.put("code", refusal.code());
        error.put("msg", "inpod: " + cut(String.valueOf(refusal.getMessage())));
        if (!refusal.details().isEmpty()) {
            error.put("details", cut(refusal.details()));
        }
        return ByteBuffer.wrap(("1" + Json.write(error)).getBytes(StandardCharsets.UTF_8));
    }

    private static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    }
}
