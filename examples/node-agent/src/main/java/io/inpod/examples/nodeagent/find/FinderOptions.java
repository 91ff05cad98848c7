package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say where the namespaces of running pods are searched for; a mix-in of picocli. */
public final class FinderOptions {
    /** Where containerd, CRI-O, k3s and Docker (cri-dockerd) have their sockets. */
    private static final List<Path> USUAL_SOCKETS = List.of(Path.of("/run/containerd/containerd.sock"), Path.of("/run/crio/crio.sock"),
            Path.of("/run/k3s/containerd/containerd.sock"), Path.of("/run/cri-dockerd.sock"));

    @Option(names = "--proc", paramLabel = "DIR", defaultValue = "/proc",
            description = "the node's /proc, where the processes of running pods are; default: /proc")
    private Path proc = Path.of("/proc");

    @Option(names = "--runtime", paramLabel = "SOCKET",
            description = "the socket of the container runtime (CRI), which is asked for pods without processes; default: that of "
                    + "containerd, CRI-O, k3s or cri-dockerd at its usual place; none: the runtime isn't asked")
    private @Nullable String runtime;

    @Option(names = "--netns-dir", paramLabel = "DIR", defaultValue = "/run/netns,/run/docker/netns", split = ",",
            description = "directories with the files by which the runtime keeps pods' network namespaces open; default: "
                    + "/run/netns,/run/docker/netns")
    private List<Path> directories = List.of();

    /** For picocli. */
    public FinderOptions() {}

    /**
     * Returns where the node's {@code /proc} is mounted.
     *
     * @return the directory
     */
    public Path proc() {
        return proc;
    }

    /**
     * Returns what searches as the options say. Whether the runtime is there is looked up for each search.
     *
     * @param problems see {@link NamespaceFinders#onNode}
     * @return a finder
     */
    public NamespaceFinder finder(Consumer<String> problems) {
        Patience patience = new Patience();
        return new NamespaceFinder() {
            @Override
            public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
                return onNode().find(pods);
            }

            @Override
            public Optional<NetworkNamespace> open(String identity) throws IOException {
                return onNode().open(identity);
            }

            private NamespaceFinder onNode() {
                return NamespaceFinders.onNode(proc, socket().orElse(null), directories, patience, problems);
            }
        };
    }

    private Optional<Path> socket() {
        if (runtime != null) {
            return runtime.equals("none") ? Optional.empty() : Optional.of(Path.of(runtime));
        }
        return USUAL_SOCKETS.stream().filter(Files::exists).findFirst();
    }
}
