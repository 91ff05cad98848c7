package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attempt to remove a pod from the mesh: an enrolment in the reverse order. It may be repeated. */
final class Leaving {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final Parts parts;
    private final Slot slot;
    private final Steps steps;

    Leaving(Parts parts, Slot slot) {
        this.parts = parts;
        this.slot = slot;
        this.steps = new Steps("delete pod " + slot.uid(), parts.listener());
    }

    /** Removes the pod with its redirection. */
    CompletableFuture<Void> run() {
        return withdraw().thenComposeAsync(withdrawn -> {
            if (slot.enrolledOrNull() != null) {
                return step(this::removeRules);
            }
            MeshPod last = slot.wanted();
            if (last == null) {
                return CompletableFuture.completedFuture(null);
            }
            // an earlier agent may have enrolled it
            return parts.locator().locate(slot, last).handleAsync((netns, unknown) -> {
                if (netns != null) {
                    removeRules(netns);
                }
                return null;
            }, parts.workers());
        }, parts.workers());
    }

    /** Lets go of a pod whose namespace has been deleted, or is about to be: its rules go with it. */
    CompletableFuture<Void> letGo() {
        return withdraw().thenRunAsync(() -> {
            EnrolledPod pod = slot.enrolledOrNull();
            if (pod != null) {
                slot.gone(pod.netns().identity());
                slot.enrolled(null);
                release(pod.netns());
                LOG.info("pod {}: {} let go", pod.uid(), pod.netns());
            }
        }, parts.workers());
    }

    private CompletableFuture<Void> withdraw() {
        return step(() -> steps.run("remove its addresses from those for the node's probes", () -> {
            parts.probes().remove(slot.uid());
            return slot;
        })).thenCompose(removed -> {
            steps.begin("have the proxy stop serving it");
            return parts.proxies().withdraw(slot.uid());
        }).exceptionallyCompose(failure -> {
            Throwable cause = Failures.cause(failure);
            return CompletableFuture.failedFuture(
                    cause instanceof AgentException ? cause : steps.failure("have the proxy stop serving it", cause));
        });
    }

    private void removeRules() throws AgentException {
        EnrolledPod pod = slot.enrolled();
        steps.run("remove routing and rules", () -> {
            parts.installed().remove(slot);
            return pod;
        });
        release(pod.netns());
    }

    private void removeRules(NetworkNamespace netns) {
        try (netns) {
            if (parts.owners().of(netns).isEmpty() && PodRedirection.isRouted(netns)) {
                steps.run("remove routing and rules", () -> {
                    parts.installed().remove(netns);
                    return netns;
                });
            }
        } catch (AgentException e) {
            throw new CompletionException(e);
        }
    }

    private void release(NetworkNamespace netns) {
        parts.owners().release(netns, slot.uid());
        netns.close();
    }

    /** A step that may fail. */
    private interface Action {
        void run() throws IOException;
    }

    private static CompletableFuture<Void> step(Action action) {
        try {
            action.run();
            return CompletableFuture.completedFuture(null);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
