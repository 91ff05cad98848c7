package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells which namespace is a pod's now: the one that the runtime has just made, or the one that its file refers to, or the one that a
 * search finds. Thread-safe.
 */
final class NamespaceLocator {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final NamespaceSearch search;

    NamespaceLocator(NamespaceSearch search) {
        this.search = search;
    }

    /**
     * Locates a pod's namespace.
     *
     * @return the namespace, to be closed by the caller; ends with {@link WaitingException} if there is none
     */
    CompletableFuture<NetworkNamespace> locate(Slot slot, MeshPod pod) {
        try {
            NetworkNamespace made = slot.takeSandboxNetns();
            if (made != null) {
                return CompletableFuture.completedFuture(made);
            }
            Path file = pod.netns();
            if (file != null) {
                return CompletableFuture.completedFuture(open(file, pod.identity()));
            }
            EnrolledPod enrolled = slot.enrolledOrNull();
            if (!slot.takeSearch() && enrolled != null) {
                return CompletableFuture.completedFuture(enrolled.netns().duplicate());
            }
            return search.find(pod).exceptionally(failure -> {
                if (enrolled == null) {
                    throw new CompletionException(Failures.cause(failure));
                }
                LOG.warn("pod {}: its namespace can't be searched for, so it stays: {}", pod.uid(),
                        Failures.words(Failures.cause(failure)));
                return Optional.empty();
            }).thenApply(found -> choose(slot, enrolled, found));
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Opens the namespace that a file refers to if it is the expected one. */
    static NetworkNamespace open(Path file, @Nullable String identity) throws IOException {
        NetworkNamespace opened;
        try {
            opened = NetworkNamespace.open(file);
        } catch (NoSuchFileException e) {
            throw new WaitingException("its network namespace is gone: " + e.getMessage(), true);
        }
        if (identity != null && !identity.equals(opened.identity().toString())) {
            opened.close();
            throw new WaitingException("its network namespace " + identity + " is gone: " + file + " is another one now, "
                    + opened.identity() + ", so the process id was used again", true);
        }
        return opened;
    }

    /** A search that finds nothing doesn't show that the pod has gone: between two containers, it may have no process. */
    private static NetworkNamespace choose(Slot slot, @Nullable EnrolledPod enrolled, Optional<NetworkNamespace> found) {
        Optional<NetworkNamespace> current = found.filter(netns -> !slot.isGone(netns.identity()));
        if (found.isPresent() && current.isEmpty()) {
            found.get().close();
        }
        try {
            if (current.isPresent()) {
                return current.get();
            }
            if (enrolled != null) {
                return enrolled.netns().duplicate();
            }
            throw new WaitingException("its network namespace isn't found; the search continues", false);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }
}
