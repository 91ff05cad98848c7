package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Searches for pods' namespaces, one search at a time for all pods that wait for one: each looks at all processes. Thread-safe. */
final class NamespaceSearch {
    /** Pods that wait for the same search. */
    private static final class Batch {
        private final Map<String, MeshPod> pods = new HashMap<>();
        private final CompletableFuture<Map<String, NetworkNamespace>> found = new CompletableFuture<>();
    }

    private final NamespaceFinder finder;
    private final Executor workers;
    private Batch next = new Batch();
    private boolean searching;

    NamespaceSearch(NamespaceFinder finder, Executor workers) {
        this.finder = finder;
        this.workers = workers;
    }

    /**
     * Searches for a pod's namespace.
     *
     * @return its namespace, to be closed by the caller, or nothing; ends with the finder's exception if nothing could be searched. Ends
     *     on a worker's thread
     */
    CompletableFuture<Optional<NetworkNamespace>> find(MeshPod pod) {
        CompletableFuture<Map<String, NetworkNamespace>> found;
        synchronized (this) {
            next.pods.put(pod.uid(), pod);
            found = next.found;
            if (!searching) {
                searching = true;
                workers.execute(this::search);
            }
        }
        return found.thenApplyAsync(all -> Optional.ofNullable(all.get(pod.uid())), workers);
    }

    private void search() {
        Batch batch;
        synchronized (this) {
            batch = next;
            next = new Batch();
        }
        try {
            Map<String, NetworkNamespace> found = finder.find(List.copyOf(batch.pods.values()));
            found.forEach((uid, netns) -> {
                if (!batch.pods.containsKey(uid)) {
                    netns.close(); // nobody asked
                }
            });
            batch.found.complete(found);
        } catch (IOException | RuntimeException e) {
            batch.found.completeExceptionally(e);
        } finally {
            synchronized (this) {
                searching = !next.pods.isEmpty();
                if (searching) {
                    workers.execute(this::search);
                }
            }
        }
    }
}
