package io.inpod.examples.nodeagent.find;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.examples.nodeagent.json.Json;
import io.inpod.examples.nodeagent.find.RuntimeMessages.Sandbox;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Asks the container runtime, which knows the namespaces of all pods, also of those without processes or addresses. It tells the file with
 * which it keeps a namespace open, or a process in it.
 */
final class RuntimeFinder implements NamespaceFinder {
    private final Path socket;
    private final Processes processes;
    private final List<Path> directories;

    /**
     * Asks a runtime.
     *
     * @param socket its socket
     * @param processes the node's
     * @param directories where its files may be that refer to namespaces, if this process sees them at other paths than the runtime
     */
    RuntimeFinder(Path socket, Processes processes, List<Path> directories) {
        this.socket = socket;
        this.processes = processes;
        this.directories = List.copyOf(directories);
    }

    /** Left to the other ways: the runtime keeps a namespace by a process or a file. */
    @Override
    public Optional<NetworkNamespace> open(String identity) {
        return Optional.empty();
    }

    @Override
    public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
        Set<NamespaceIdentity> node = processes.ofTheNode();
        Map<String, NetworkNamespace> found = new HashMap<>();
        try (RuntimeClient runtime = new RuntimeClient(socket)) {
            Map<String, Sandbox> newest = runtime.sandboxes().stream().collect(Collectors.toMap(Sandbox::uid, sandbox -> sandbox,
                    BinaryOperator.maxBy(Comparator.comparingLong(Sandbox::created))));
            for (MeshPod pod : pods) {
                Sandbox sandbox = newest.get(pod.uid());
                Optional<RuntimeMessages.Status> status = sandbox == null ? Optional.empty() : runtime.status(sandbox.id());
                if (sandbox != null && status.isPresent() && !status.get().ofTheNode()) {
                    Optional<NetworkNamespace> opened = open(sandbox, info(status.get()));
                    if (opened.isPresent() && node.contains(opened.get().identity())) {
                        opened.get().close();
                    } else {
                        opened.ifPresent(namespace -> found.put(pod.uid(), namespace));
                    }
                }
            }
        } catch (IOException | RuntimeException e) {
            found.values().forEach(NetworkNamespace::close);
            throw e;
        }
        return found;
    }

    /** The element {@code info} of containerd and CRI-O, which have the same fields in it. */
    private static JsonNode info(RuntimeMessages.Status status) throws IOException {
        return Json.read(status.info().getOrDefault("info", "{}"));
    }

    private Optional<NetworkNamespace> open(Sandbox sandbox, JsonNode info) {
        for (JsonNode namespace : info.path("runtimeSpec").path("linux").path("namespaces")) {
            String path = namespace.path("path").asText();
            if (namespace.path("type").asText().equals("network") && !path.isEmpty()) {
                return file(Path.of(path));
            }
        }
        return process(info.path("pid").asLong(), sandbox);
    }

    private Optional<NetworkNamespace> file(Path path) {
        Stream<Path> here = directories.stream().map(directory -> directory.resolve(path.getFileName()));
        return Stream.concat(here, Stream.of(path)).map(RuntimeFinder::open).flatMap(Optional::stream).findFirst();
    }

    /** The process may have ended, and its number belong to another one. */
    private Optional<NetworkNamespace> process(long pid, Sandbox sandbox) {
        Optional<NetworkNamespace> opened = pid < 1 ? Optional.empty()
                : open(processes.proc().resolve(Long.toString(pid)).resolve("ns/net"));
        if (opened.isPresent()) {
            String cgroups = processes.cgroups(pid);
            if (!cgroups.contains(sandbox.id())
                    && !new PodCgroup(List.of(sandbox.uid())).uid(cgroups).equals(Optional.of(sandbox.uid()))) {
                opened.get().close();
                return Optional.empty();
            }
        }
        return opened;
    }

    private static Optional<NetworkNamespace> open(Path file) {
        try {
            return Optional.of(NetworkNamespace.open(file));
        } catch (IOException e) {
            return Optional.empty(); // not there, or not any more
        }
    }

    @Override
    public String toString() {
        return "the container runtime at " + socket;
    }
}
