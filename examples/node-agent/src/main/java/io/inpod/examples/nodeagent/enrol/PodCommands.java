package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a person may have done to pods, and what is refused before it changes anything. Thread-safe; most methods block. */
public final class PodCommands {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    /** Changes what a source says of a pod. */
    @FunctionalInterface
    public interface Change {
        /**
         * Makes the change; the source says so when this returns.
         *
         * @throws IOException if it can't be made
         */
        void run() throws IOException;
    }

    private final Map<String, Slot> slots;
    private final Parts parts;
    private final WorkQueue queue;

    PodCommands(Map<String, Slot> slots, Parts parts, WorkQueue queue) {
        this.slots = slots;
        this.parts = parts;
        this.queue = queue;
    }

    /**
     * Changes what should be of a pod, and waits until it is so: until the pod is served, or removed.
     *
     * @param uid the pod
     * @param change changes what the source says of it. It is made just before the pod is looked at, so that the outcome is that of this
     *     change, and not of a later attempt
     * @param proxyPatience how long to wait until a proxy is connected
     * @param patience how long to wait altogether
     * @throws IOException if the change can't be made, or naming the step that failed; the agent continues to try
     * @throws InterruptedException if the thread was interrupted
     */
    public void change(String uid, Change change, Duration proxyPatience, Duration patience) throws IOException, InterruptedException {
        long proxyDeadline = System.nanoTime() + proxyPatience.toNanos();
        long deadline = System.nanoTime() + patience.toNanos();
        for (Change next = change;; next = () -> {}) {
            Change due = next;
            AtomicReference<CompletableFuture<Void>> waiter = new AtomicReference<>();
            slots.compute(uid, (key, known) -> {
                Slot slot = known == null ? new Slot(key) : known;
                waiter.set(slot.await(due));
                return slot;
            });
            queue.add(uid);
            try {
                waiter.get().get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                return;
            } catch (TimeoutException e) {
                throw new AgentException("pod " + uid + ": no result within " + patience.toMillis() + " ms; the agent continues", e);
            } catch (ExecutionException e) {
                IOException failure =
                        e.getCause() instanceof IOException known ? known : new AgentException(String.valueOf(e.getCause()), e);
                if (Failures.find(failure, NoProxyException.class).isEmpty() || !awaitProxy(proxyDeadline)) {
                    throw failure;
                }
            }
        }
    }

    private boolean awaitProxy(long deadline) throws InterruptedException {
        try {
            parts.proxies().awaitProxy(Duration.ofNanos(deadline - System.nanoTime()));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Refuses a pod that can't be enrolled as it is described, before its source names it.
     *
     * @param pod the pod
     * @param netns its network namespace
     * @throws AgentException saying what is wrong
     */
    public void check(MeshPod pod, NetworkNamespace netns) throws AgentException {
        Steps steps = new Steps("add pod " + pod.uid(), parts.listener());
        steps.run("check that it is a pod's", () -> {
            NodeNamespaces.refuse(netns);
            refuseConflict(pod, netns);
            return netns;
        });
        parts.installed().plan(steps, pod.overrides());
    }

    private void refuseConflict(MeshPod pod, NetworkNamespace netns) throws AgentException {
        Slot slot = slots.get(pod.uid());
        EnrolledPod enrolled = slot == null ? null : slot.enrolledOrNull();
        if (enrolled != null && !enrolled.netns().equals(netns)) {
            throw new AgentException("pod " + pod.uid() + " is enrolled with another namespace, " + enrolled.netns() + "; delete it first");
        }
        if (enrolled != null && !enrolled.info().equals(pod.info())) {
            throw new AgentException("pod " + pod.uid() + " is enrolled with other names, " + enrolled.info() + "; delete it first");
        }
        String other = parts.owners().of(netns).filter(uid -> !uid.equals(pod.uid())).orElse(null);
        if (other != null) {
            throw new AgentException(netns + " is already that of pod " + other);
        }
    }

    /**
     * Removes the redirection from the namespace of a pod that isn't enrolled, and has the proxies stop serving it.
     *
     * @param uid the pod
     * @param netns its network namespace; null if it no longer exists
     * @throws AgentException naming the step that failed, or saying whose namespace it is
     */
    public void removeLeftover(String uid, @Nullable NetworkNamespace netns) throws AgentException {
        Steps steps = new Steps("delete pod " + uid, parts.listener());
        if (netns != null) {
            steps.run("check that it is a pod's", () -> {
                NodeNamespaces.refuse(netns);
                String other = parts.owners().of(netns).orElse(null);
                if (other != null) {
                    throw new AgentException(netns + " is that of pod " + other);
                }
                return netns;
            });
        }
        steps.run("have the proxy stop serving it", () -> {
            try {
                return parts.proxies().withdraw(uid).get();
            } catch (ExecutionException e) {
                throw new IOException(Failures.words(Failures.cause(Objects.requireNonNull(e.getCause()))), e);
            }
        });
        if (netns != null) {
            steps.run("remove routing and rules", () -> {
                parts.installed().remove(netns);
                return netns;
            });
        }
        LOG.info("pod {} deleted", uid);
    }

    /**
     * Refuses a namespace that isn't the one with which a pod is enrolled.
     *
     * @param uid the pod
     * @param netns a namespace
     * @throws AgentException if the pod is enrolled with another
     */
    public void refuseOther(String uid, NetworkNamespace netns) throws AgentException {
        Slot slot = slots.get(uid);
        EnrolledPod enrolled = slot == null ? null : slot.enrolledOrNull();
        if (enrolled != null && !enrolled.netns().equals(netns)) {
            throw new AgentException(netns + " isn't that of pod " + uid + ", " + enrolled.netns());
        }
    }

    /**
     * Returns whether a pod stays in the mesh although its source doesn't name it.
     *
     * @param uid the pod
     * @return whether it does
     */
    public boolean isUnlisted(String uid) {
        Slot slot = slots.get(uid);
        PodSource source = parts.departures().source();
        return slot != null && slot.sandboxPod() == null && source.synced() && source.pod(uid).isEmpty();
    }

    /**
     * Removes a pod that its source doesn't name, although it isn't known to have left the mesh, and waits until that is done.
     *
     * @param uid the pod
     * @param patience how long to wait
     * @throws IOException naming the step that failed
     * @throws InterruptedException if the thread was interrupted
     */
    public void dismiss(String uid, Duration patience) throws IOException, InterruptedException {
        change(uid, () -> {
            Slot slot = slots.get(uid);
            if (slot != null) {
                slot.dismiss();
            }
        }, Duration.ZERO, patience);
    }
}
