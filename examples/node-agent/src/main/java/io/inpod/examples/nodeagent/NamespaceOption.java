package io.inpod.examples.nodeagent;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name a pod's network namespace. */
final class NamespaceOption {
    private static final Path NAMED = Path.of("/run/netns");

    @Option(names = "--netns", paramLabel = "NAME|PATH",
            description = "the pod's network namespace: a name that ip netns shows, or a path, which contains a slash")
    private @Nullable String netns;

    @Option(names = "--pid", paramLabel = "N", description = "a process in the pod")
    private @Nullable Long pid;

    @Nullable
    String path() {
        if (netns == null) {
            return null;
        }
        return (netns.contains("/") ? Path.of(netns) : NAMED.resolve(netns)).toAbsolutePath().toString();
    }

    @Nullable
    Long pid() {
        return pid;
    }
}
