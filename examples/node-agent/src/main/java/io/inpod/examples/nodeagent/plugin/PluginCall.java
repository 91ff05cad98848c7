package io.inpod.examples.nodeagent.plugin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.examples.nodeagent.json.Json;
import io.inpod.examples.nodeagent.pod.IpLiteral;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One call of the plugin by the runtime: its environment, the network configuration, and the pod's namespace, which it owns. */
final class PluginCall implements AutoCloseable {
    private static final Duration LONGEST = Duration.ofSeconds(100);
    private static final Pattern VERSION = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){2}");

    private final Map<String, String> environment;
    private final JsonNode configuration;
    private final @Nullable NetworkNamespace netns;

    private PluginCall(Map<String, String> environment, JsonNode configuration, @Nullable NetworkNamespace netns) {
        this.environment = environment;
        this.configuration = configuration;
        this.netns = netns;
    }

    /**
     * Reads what the plugin sends: entries {@code NAME=VALUE}, each with a NUL, an empty one, and the network configuration.
     *
     * @param message all that it has sent
     * @param netns the namespace that came with it; the call owns it if this returns
     * @throws RefusedException if it isn't that
     */
    static PluginCall read(byte[] message, @Nullable NetworkNamespace netns) throws IOException {
        Map<String, String> environment = new HashMap<>();
        int start = 0;
        for (int end = nul(message, 0); end > start; end = nul(message, start)) {
            String entry = new String(message, start, end - start, StandardCharsets.UTF_8);
            int equals = entry.indexOf('=');
            environment.put(equals < 0 ? entry : entry.substring(0, equals), equals < 0 ? "" : entry.substring(equals + 1));
            start = end + 1;
        }
        try {
            JsonNode configuration = Json.readStrictly(message, start + 1, message.length - start - 1);
            if (!configuration.isObject()) {
                throw new RefusedException(RefusedException.UNREADABLE, "the network configuration is no JSON object", "");
            }
            return new PluginCall(environment, configuration, netns);
        } catch (JsonProcessingException e) {
            throw new RefusedException(RefusedException.UNREADABLE, "the network configuration is not JSON", e.getOriginalMessage());
        }
    }

    private static int nul(byte[] message, int start) throws RefusedException {
        for (int at = start; at < message.length; at++) {
            if (message[at] == 0) {
                return at;
            }
        }
        throw new RefusedException(RefusedException.UNREADABLE, "the plugin's message has no end",
                "are plugin and agent of the same version?");
    }

    /** {@return a variable of the plugin's environment; empty if there is none} */
    String variable(String name) {
        return environment.getOrDefault(name, "");
    }

    /** {@return how long the plugin waits for an answer} */
    Duration patience() throws RefusedException {
        String text = variable("INPOD_PATIENCE_MS");
        try {
            Duration patience = Duration.ofMillis(Integer.parseInt(text));
            if (!patience.isNegative()) {
                return patience.compareTo(LONGEST) < 0 ? patience : LONGEST;
            }
        } catch (NumberFormatException e) {
            // explained below
        }
        throw new RefusedException(RefusedException.UNREADABLE, "INPOD_PATIENCE_MS isn't a number of milliseconds", "");
    }

    /** {@return the version of the specification in which to answer; the plugin itself refuses other ones} */
    String version() {
        String version = configuration.path("cniVersion").asText();
        return VERSION.matcher(version).matches() ? version : "1.0.0";
    }

    /** {@return the pod's network namespace; null if it has gone, or if the runtime doesn't say it} */
    @Nullable
    NetworkNamespace netns() {
        return netns;
    }

    /** {@return the addresses that the plugins before ours gave the pod} */
    Set<InetAddress> addresses() throws IOException {
        Set<InetAddress> addresses = new HashSet<>();
        for (JsonNode ip : configuration.path("prevResult").path("ips")) {
            String text = ip.path("address").asText();
            String address = text.contains("/") ? text.substring(0, text.indexOf('/')) : text;
            addresses.add(IpLiteral.parse(address).orElseThrow(
                    () -> new RefusedException(RefusedException.UNREADABLE, "prevResult has an address that is none", text)));
        }
        return addresses;
    }

    @Override
    public void close() {
        if (netns != null) {
            netns.close();
        }
    }
}
