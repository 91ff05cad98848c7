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
        return withdraw().thenComposeAsync(withdrawn -> removeAnyRules(), parts.workers())
                .thenRun(() -> parts.ledger().erase(slot.uid()));
    }

    private CompletableFuture<Void> removeAnyRules() {
        if (slot.enrolledOrNull() != null) {
            return step(this::removeRules);
        }
        return locate().handleAsync((netns, unknown) -> {
            if (netns != null) {
                removeRules(netns);
            } else if (Failures.find(unknown, WaitingException.class).isEmpty()) {
                throw new CompletionException(steps.failure("find its network namespace", Failures.cause(unknown)));
            }
            return null;
        }, parts.workers());
    }

    /** Finds the namespace of a pod that an earlier agent may have enrolled. */
    private CompletableFuture<NetworkNamespace> locate() {
        Ledger.Entry entry = slot.leftover();
        MeshPod last = slot.wanted();
        try {
            if (entry != null) {
                NetworkNamespace found = entry.open();
                return found == null ? CompletableFuture.failedFuture(new WaitingException("its namespace is gone", true))
                        : CompletableFuture.completedFuture(found);
            }
            return last == null ? CompletableFuture.failedFuture(new WaitingException("nothing is known of it", false))
                    : parts.locator().locate(slot, last);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Lets go of a pod whose namespace has been deleted, or is about to be: its rules go with it. */
    CompletableFuture<Void> letGo() {
        return withdraw().thenRunAsync(() -> {
            EnrolledPod pod = slot.enrolledOrNull();
            if (pod != null) {
                slot.gone(pod.netns().identity());
                slot.enrolled(null);
                release(pod.netns());
                parts.ledger().erase(slot.uid());
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
