package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Searches in several ways, one after the other, each for the pods that those before it haven't found. A way that fails, for example
 * because the runtime doesn't answer, is reported and left out. A namespace that is found for two pods is neither's, and none is the
 * node's. Thread-safe; blocks.
 */
public final class NamespaceFinders implements NamespaceFinder {
    private final List<NamespaceFinder> finders;
    private final Consumer<String> problems;

    NamespaceFinders(List<NamespaceFinder> finders, Consumer<String> problems) {
        this.finders = List.copyOf(finders);
        this.problems = problems;
    }

    /**
     * Searches by the processes of the node, by asking its runtime, and by the files with which the runtime keeps namespaces open. The
     * runtime is asked for a pod without an address at the third search.
     *
     * @param proc where the node's {@code /proc} is mounted
     * @param runtime the socket on which the runtime serves the CRI; null if it isn't to be asked
     * @param directories where the runtime keeps files that refer to network namespaces, each as this process sees it; one that doesn't
     *     exist is empty
     * @param problems is told in words for a log why a way wasn't taken, or a namespace that was found is no pod's
     * @return a finder for the pods of this node
     */
    public static NamespaceFinders onNode(Path proc, @Nullable Path runtime, List<Path> directories, Consumer<String> problems) {
        return onNode(proc, runtime, directories, new Patience(), problems);
    }

    /** The same; with what is remembered of earlier searches. */
    static NamespaceFinders onNode(Path proc, @Nullable Path runtime, List<Path> directories, Patience patience,
            Consumer<String> problems) {
        Processes processes = new Processes(proc);
        List<NamespaceFinder> finders = new ArrayList<>(List.of(new ProcessFinder(processes)));
        if (runtime != null) {
            finders.add(new PatientFinder(new RuntimeFinder(runtime, processes, directories), patience));
        }
        finders.add(new FileFinder(processes, directories));
        return new NamespaceFinders(finders, problems);
    }

    @Override
    public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
        Map<String, NetworkNamespace> found = new HashMap<>();
        List<IOException> failures = new ArrayList<>();
        for (NamespaceFinder finder : finders) {
            List<MeshPod> left = pods.stream().filter(pod -> !found.containsKey(pod.uid())).toList();
            if (!left.isEmpty()) {
                try {
                    found.putAll(finder.find(left));
                } catch (IOException e) {
                    failures.add(e);
                    problems.accept(finder + ": " + e.getMessage());
                }
            }
        }
        if (failures.size() == finders.size()) {
            failures.subList(1, failures.size()).forEach(failures.get(0)::addSuppressed);
            throw failures.get(0);
        }
        dropShared(found);
        return found;
    }

    /** A way that fails leaves it open whether the namespace is gone. */
    @Override
    public Optional<NetworkNamespace> open(String identity) throws IOException {
        IOException unknown = null;
        for (NamespaceFinder finder : finders) {
            try {
                Optional<NetworkNamespace> opened = finder.open(identity);
                if (opened.isPresent()) {
                    return opened;
                }
            } catch (IOException e) {
                unknown = e;
            }
        }
        if (unknown != null) {
            throw unknown;
        }
        return Optional.empty();
    }

    private void dropShared(Map<String, NetworkNamespace> found) {
        Map<NetworkNamespace, String> firsts = new HashMap<>();
        Set<NetworkNamespace> shared = new HashSet<>();
        found.forEach((uid, namespace) -> {
            String first = firsts.putIfAbsent(namespace, uid);
            if (first != null) {
                shared.add(namespace);
                problems.accept(namespace.identity() + " was found for the pods " + first + " and " + uid + ", so it is neither's");
            }
        });
        found.values().removeIf(namespace -> {
            boolean drop = shared.contains(namespace);
            if (drop) {
                namespace.close();
            }
            return drop;
        });
    }
}
