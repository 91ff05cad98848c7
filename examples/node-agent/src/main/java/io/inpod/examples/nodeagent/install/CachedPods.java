package io.inpod.examples.nodeagent.install;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.examples.cniplugin.NativePlugin;
import io.inpod.examples.nodeagent.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * The pods whose network a runtime set up with our plugin, by the cache of libcni, the library that runtimes use. It holds, for each pod,
 * the configuration of that time. Some runtimes delete a pod with that configuration: without the plugin's program they could not.
 */
final class CachedPods {
    private CachedPods() {}

    /**
     * Lists the pods.
     *
     * @param cache the directory of libcni, by default /var/lib/cni
     * @return the names of their files in the cache; among them are files that can't be read
     * @throws IOException if there is no such cache here, or it can't be listed
     */
    static List<String> find(Path cache) throws IOException {
        List<Path> directories = Stream.of(cache.resolve("results"), cache.resolve("cache/results")).filter(Files::isDirectory).toList();
        if (directories.isEmpty()) {
            throw new IOException("the runtime's cache, " + cache.resolve("results") + ", doesn't exist or isn't visible here");
        }
        List<String> found = new ArrayList<>();
        for (Path directory : directories) {
            try (Stream<Path> files = Files.list(directory)) {
                files.filter(CachedPods::names).forEach(file -> found.add(String.valueOf(file.getFileName())));
            }
        }
        return found;
    }

    private static boolean names(Path file) {
        try {
            JsonNode cached = Json.read(Files.readString(file));
            String config = new String(Base64.getDecoder().decode(cached.path("config").asText()), StandardCharsets.UTF_8);
            if (config.isEmpty()) {
                return false; // a result without a configuration: an old libcni, whose users delete with the current one
            }
            JsonNode list = Json.read(config);
            for (JsonNode plugin : list.path("plugins")) {
                if (plugin.path("type").asText().equals(NativePlugin.NAME)) {
                    return true;
                }
            }
            return false;
        } catch (IOException | IllegalArgumentException e) {
            return Files.exists(file);
        }
    }
}
