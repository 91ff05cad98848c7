package io.inpod.examples.nodeagent;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that name a pod's network namespace. */
final class NamespaceOption {
    @Option(names = "--netns", paramLabel = "PATH",
            description = "a file that refers to the pod's network namespace, such as /run/netns/NAME")
    private @Nullable Path netns;

    @Option(names = "--pid", paramLabel = "N", description = "a process in the pod")
    private @Nullable Long pid;

    @Nullable
    String path() {
        return netns == null ? null : netns.toAbsolutePath().toString();
    }

    @Nullable
    Long pid() {
        return pid;
    }
}
