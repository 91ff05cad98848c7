package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
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
        CompletableFuture<Void> removed = slot.enrolledOrNull() != null
                ? withdraw().thenComposeAsync(withdrawn -> step(this::removeRules), parts.workers())
                : locate().handleAsync(this::leftover, parts.workers()).thenCompose(this::removeLeftover);
        return removed.thenRun(() -> parts.ledger().erase(slot.uid()));
    }

    /** Finds the namespace of a pod that an earlier agent may have enrolled. */
    private CompletableFuture<NetworkNamespace> locate() {
        MeshPod last = slot.wanted();
        Ledger.Entry entry = slot.leftover() == null ? parts.ledger().entry(slot.uid()) : slot.leftover();
        try {
            if (entry != null) {
                return parts.departures().finder().open(entry.identity()).map(CompletableFuture::completedFuture)
                        .orElseGet(() -> CompletableFuture.failedFuture(new WaitingException("its namespace is gone", true)));
            }
            return last == null ? CompletableFuture.failedFuture(new WaitingException("nothing is known of it", false))
                    : parts.locator().locate(slot, last);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Returns the namespace with the rules that an earlier agent has left; empty if there are none. */
    private Optional<NetworkNamespace> leftover(@Nullable NetworkNamespace netns, @Nullable Throwable unknown) {
        if (netns == null) {
            Throwable cause = Failures.cause(Objects.requireNonNull(unknown));
            if (cause instanceof WaitingException) {
                return Optional.empty();
            }
            throw new CompletionException(steps.failure("find its network namespace", cause));
        }
        boolean entered = slot.leftover() != null || parts.ledger().entry(slot.uid()) != null;
        if (parts.owners().of(netns).isPresent() || !entered && !PodRedirection.isRouted(netns)) {
            netns.close();
            return Optional.empty();
        }
        MeshPod last = slot.wanted();
        Optional<String> reason =
                last == null ? Optional.empty() : parts.departures().reasonToStay(slot, last, netns.identity().toString());
        if (reason.isPresent()) {
            parts.proxies().keep(slot.uid());
            netns.close();
            throw new CompletionException(new WaitingException(
                    "an earlier agent has enrolled it in " + netns.identity() + ", which still exists: " + reason.get(), false));
        }
        return Optional.of(netns);
    }

    private CompletableFuture<Void> removeLeftover(Optional<NetworkNamespace> netns) {
        return withdraw().thenRunAsync(() -> netns.ifPresent(this::removeRules), parts.workers())
                .whenComplete((removed, failure) -> netns.ifPresent(NetworkNamespace::close));
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
        try {
            if (parts.owners().of(netns).isEmpty()) {
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
