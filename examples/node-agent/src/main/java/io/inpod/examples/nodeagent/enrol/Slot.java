package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What the agent knows of one pod. The {@link WorkQueue} lets one thread at a time change what isn't guarded by a lock; other threads read
 * the volatile fields.
 */
final class Slot {
    /** How long a namespace that was a pod's isn't taken for it again: a process may still be in it. Later its inode may be another's. */
    private static final Duration GONE = Duration.ofMinutes(5);

    /** What the runtime has said about a pod when it made its namespace. */
    private static final class Sandbox {
        private final MeshPod pod;
        private @Nullable NetworkNamespace netns;
        private boolean doubted;

        Sandbox(MeshPod pod, NetworkNamespace netns) {
            this.pod = pod;
            this.netns = netns;
        }
    }

    private final String uid;
    private volatile @Nullable MeshPod wanted;
    private volatile @Nullable EnrolledPod enrolled;
    private volatile PodState state = new PodState(PodState.Kind.WAITING, "its enrolment has begun");
    private volatile Duration pause = Delays.FIRST;
    private volatile boolean search;
    private boolean withdrawn;
    private boolean left;
    private volatile @Nullable String unlisted;
    private volatile boolean dismissed;
    private Ledger.@Nullable Entry leftover;
    private @Nullable PodState reported;
    private final Map<NamespaceIdentity, Long> gone = new HashMap<>();

    /** Guarded by this, as the next three. */
    private @Nullable Sandbox sandbox;

    private List<CompletableFuture<Void>> waiters = new ArrayList<>();
    /** Those whose change hasn't been made. */
    private final Map<CompletableFuture<Void>, PodCommands.Change> changes = new LinkedHashMap<>();
    private volatile boolean changing;
    private @Nullable String refusal;
    private int retries;
    private final Map<NamespaceIdentity, CompletableFuture<Void>> deleted = new HashMap<>();

    Slot(String uid) {
        this.uid = uid;
    }

    String uid() {
        return uid;
    }

    /** Returns what the pod should be, or was to be last; null before that is known. */
    @Nullable
    MeshPod wanted() {
        return wanted;
    }

    void wanted(MeshPod pod) {
        wanted = pod;
        left = false;
        leftover = null;
        dismissed = false;
    }

    /** Returns what an earlier agent has entered about a pod that left the mesh while no agent ran. */
    Ledger.@Nullable Entry leftover() {
        return leftover;
    }

    void leftover(Ledger.Entry entry) {
        wanted = entry.pod();
        leftover = entry;
    }

    /** Returns why the pod stays in the mesh although its source doesn't name it; null if the source does. */
    @Nullable
    String unlisted() {
        return unlisted;
    }

    void unlisted(@Nullable String reason) {
        unlisted = reason;
    }

    /** Returns whether a person has removed the pod, which its source didn't name. */
    boolean isDismissed() {
        return dismissed;
    }

    void dismiss() {
        dismissed = true;
    }

    /** Returns whether the pod has left the mesh since it was wanted last. */
    boolean left() {
        return left;
    }

    EnrolledPod enrolled() {
        return Objects.requireNonNull(enrolled);
    }

    @Nullable
    EnrolledPod enrolledOrNull() {
        return enrolled;
    }

    void enrolled(@Nullable EnrolledPod pod) {
        enrolled = pod;
    }

    PodState state() {
        return state;
    }

    void state(PodState now) {
        state = now;
    }

    /** Returns whether a state differs from the one that was reported last, and takes it as reported. */
    boolean report(PodState now) {
        boolean changed = !now.equals(reported);
        reported = now;
        return changed;
    }

    /** Returns the pause before the next attempt. */
    Duration nextPause() {
        Duration now = pause;
        pause = Delays.next(now);
        return now;
    }

    void attemptSucceeded(boolean enrolled) {
        if (unlisted == null) {
            pause = Delays.FIRST;
        }
        left = !enrolled;
    }

    /** Has the namespace searched for at the next attempt, even if one is known. */
    void searchAgain() {
        search = true;
    }

    boolean takeSearch() {
        boolean now = search;
        search = false;
        return now;
    }

    /** Returns whether the pod was withdrawn from the proxies since they got it last, and takes it as withdrawn. */
    boolean withdraw() {
        boolean before = withdrawn;
        withdrawn = true;
        return before;
    }

    void handed() {
        withdrawn = false;
    }

    synchronized void sandbox(MeshPod pod, NetworkNamespace netns) {
        dropSandbox();
        sandbox = new Sandbox(pod, netns);
        gone.remove(netns.identity());
    }

    /** Returns the runtime's word of the pod, as long as the source doesn't say otherwise. */
    synchronized @Nullable MeshPod sandboxPod() {
        return sandbox == null || sandbox.doubted ? null : sandbox.pod;
    }

    /** Notes whether the source, which knew of a pod that the runtime has made, doesn't name it. */
    synchronized void doubtSandbox(boolean doubted) {
        if (sandbox != null) {
            sandbox.doubted = doubted;
        }
    }

    /** Lets go of what the runtime has made, unless it has just made it again. */
    synchronized void dropDoubtedSandbox() {
        if (sandbox != null && sandbox.doubted) {
            dropSandbox();
        }
    }

    /** Returns the pod as it is, with the namespace that it has or is about to get; null if it has none. */
    synchronized Ledger.@Nullable Entry present() {
        if (sandbox != null && sandbox.netns != null) {
            return new Ledger.Entry(sandbox.pod, sandbox.netns.identity().toString());
        }
        EnrolledPod now = enrolled;
        MeshPod pod = wanted;
        return now == null || pod == null ? null : new Ledger.Entry(pod, now.netns().identity().toString());
    }

    /** Returns the namespace of the runtime's, once: the caller owns it. */
    synchronized @Nullable NetworkNamespace takeSandboxNetns() {
        NetworkNamespace netns = sandbox == null ? null : sandbox.netns;
        if (sandbox != null) {
            sandbox.netns = null;
        }
        return netns;
    }

    synchronized void dropSandbox() {
        if (sandbox != null && sandbox.netns != null) {
            sandbox.netns.close();
        }
        sandbox = null;
    }

    synchronized void gone(NamespaceIdentity netns) {
        gone.put(netns, System.nanoTime());
    }

    synchronized boolean isGone(NamespaceIdentity netns) {
        gone.values().removeIf(since -> System.nanoTime() - since > GONE.toNanos());
        return gone.containsKey(netns);
    }

    /** Notes that the runtime deletes a sandbox; the result ends when the agent has let go of it. */
    synchronized CompletableFuture<Void> deleted(NamespaceIdentity netns) {
        if (sandbox != null && (sandbox.netns == null || sandbox.netns.identity().equals(netns))) {
            dropSandbox();
        }
        gone(netns);
        return deleted.computeIfAbsent(netns, key -> new CompletableFuture<>());
    }

    synchronized Map<NamespaceIdentity, CompletableFuture<Void>> takeDeleted() {
        Map<NamespaceIdentity, CompletableFuture<Void>> taken = Map.copyOf(deleted);
        deleted.clear();
        return taken;
    }

    /** Has a change of what should be made before the next attempt, and returns what ends with that attempt. */
    synchronized CompletableFuture<Void> await(PodCommands.Change change) {
        CompletableFuture<Void> waiter = new CompletableFuture<>();
        changes.put(waiter, change);
        return waiter;
    }

    /** Makes the changes for which somebody waits. */
    void makeChanges() {
        Map<CompletableFuture<Void>, PodCommands.Change> taken;
        synchronized (this) {
            taken = new LinkedHashMap<>(changes);
            changes.clear();
        }
        changing = true;
        try {
            taken.forEach(this::make);
        } finally {
            changing = false;
        }
    }

    private void make(CompletableFuture<Void> waiter, PodCommands.Change change) {
        try {
            change.run();
            synchronized (this) {
                waiters.add(waiter);
            }
        } catch (IOException | RuntimeException e) {
            waiter.completeExceptionally(e);
        }
    }

    /** Returns whether changes are being made, after which the pod is looked at anyway. */
    boolean isChanging() {
        return changing;
    }

    synchronized List<CompletableFuture<Void>> takeWaiters() {
        List<CompletableFuture<Void>> taken = waiters;
        waiters = new ArrayList<>();
        return taken;
    }

    /** Returns whether nobody waits for this pod, and the runtime has said nothing of it. */
    synchronized boolean isForgotten() {
        return sandbox == null && waiters.isEmpty() && changes.isEmpty() && deleted.isEmpty();
    }

    /** Notes that a proxy has refused the pod. */
    synchronized void refused(String reason) {
        refusal = reason;
    }

    synchronized @Nullable String takeRefusal() {
        String taken = refusal;
        refusal = null;
        return taken;
    }

    /** Returns the number of a retry, which is void if there is a later one. */
    synchronized int nextRetry() {
        return ++retries;
    }

    synchronized boolean isLatestRetry(int number) {
        return retries == number;
    }
}
