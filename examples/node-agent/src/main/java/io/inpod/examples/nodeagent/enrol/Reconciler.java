package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.Enrolment;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the pods what their source says they should be. Whatever happens, to a pod, a proxy or the agent, ends in the same question: what
 * should this pod be now, and what is missing? So nothing needs to be remembered over a restart.
 *
 * <p>An enrolment that fails leaves the pod closed, unless {@link FailedEnrolment#OPEN} is chosen, and is repeated with growing pauses.
 * Pods don't wait for each other. Thread-safe.
 */
public final class Reconciler implements Enrolment, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final Runnable NOTHING = () -> {};
    private static final Duration FIRST_SEARCH = Duration.ofSeconds(30);

    private final PodSource source;
    private final ZdsServer proxies;
    private final FailedEnrolment policy;
    private final Delays delays;
    private final Parts parts;
    private final WorkQueue queue;
    private final PodCommands commands;
    private final PodViews views;
    private final Map<String, Slot> slots = new ConcurrentSkipListMap<>();
    /** Pods of the first list, and those that an earlier agent has left, that haven't been looked at yet. */
    private final Set<String> first = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private volatile boolean closed;

    /**
     * Creates a reconciler, which does nothing before {@link #start}.
     *
     * @param source says which pods should be in the mesh; {@link #close} closes it
     * @param finder searches for the namespaces of those pods of which the source doesn't know it
     * @param probes gets the addresses of the pods that are served
     * @param proxies serve the pods; must not run before {@link #whenReady}
     * @param redirections what is installed in the pods
     * @param ledger remembers where rules are installed
     * @param policy what becomes of a pod that can't be enrolled
     * @param delays runs what is done later
     * @param workers runs what blocks; a few threads suffice
     * @param listener is told of each step
     */
    public Reconciler(PodSource source, NamespaceFinder finder, ProbeAddresses probes, ZdsServer proxies, Redirections redirections,
            Ledger ledger, FailedEnrolment policy, Delays delays, Executor workers, StepListener listener) {
        this.source = source;
        this.proxies = proxies;
        this.policy = policy;
        this.delays = delays;
        this.parts =
                new Parts(proxies, new InstalledRedirections(redirections, policy == FailedEnrolment.OPEN), ledger, new ProbeSet(probes),
                        new NamespaceOwners(), new NamespaceLocator(new NamespaceSearch(finder, workers)),
                        new Departures(source, finder), policy, workers, listener);
        this.queue = new WorkQueue(workers, this::work);
        this.commands = new PodCommands(slots, parts, queue);
        this.views = new PodViews(slots, parts);
    }

    /**
     * Begins to watch the source, and to listen to the proxies' answers.
     *
     * @throws IOException if the source can't be watched
     */
    public void start() throws IOException {
        proxies.onAnswer(this::answered);
        proxies.onSnapshot(() -> slots.values().stream().filter(slot -> !slot.state().served()).map(Slot::uid).forEach(queue::add));
        source.start(new PodSource.Listener() {
            @Override
            public void changed(String uid) {
                Reconciler.this.changed(uid);
            }

            @Override
            public void synced() {
                parts.workers().execute(Reconciler.this::synced);
            }
        });
    }

    /**
     * Runs an action when the first list of pods is complete and each of them has been looked for: proxies may be accepted then, because a
     * pod that isn't named to them shouldn't be in the mesh.
     *
     * @param action the action
     */
    @SuppressWarnings("FutureReturnValueIgnored")
    public void whenReady(Runnable action) {
        ready.thenRun(action);
    }

    /**
     * Looks at all pods again and again, also for other namespaces, and repairs what somebody else has changed.
     *
     * @param pause how long to wait after each time
     */
    public void watch(Duration pause) {
        delays.later(pause, () -> {
            try {
                lookAtAll();
            } finally {
                watch(pause);
            }
        });
    }

    /** Has all pods looked at now, also for other namespaces. */
    public void lookAtAll() {
        slots.values().forEach(Slot::searchAgain);
        slots.keySet().forEach(queue::add);
        if (ready.isDone()) {
            repairProbes();
        }
    }

    private void repairProbes() {
        try {
            parts.probes().repair();
        } catch (IOException | RuntimeException e) {
            LOG.error("the addresses for the node's probes can't be set: {}", e.getMessage());
        }
    }

    private void changed(String uid) {
        Slot slot = slots.get(uid);
        if (slot != null && source.synced()) {
            slot.doubtSandbox(source.pod(uid).isEmpty());
        }
        if (slot == null || !slot.isChanging()) {
            queue.add(uid);
        }
    }

    private void synced() {
        Collection<MeshPod> pods = source.pods();
        for (MeshPod pod : pods) {
            first.add(pod.uid());
            Slot slot = slots.get(pod.uid());
            if (slot == null || slot.enrolledOrNull() == null) {
                proxies.keep(pod.uid());
            }
        }
        parts.probes().assume(pods);
        repairProbes();
        ready.completeOnTimeout(null, FIRST_SEARCH.toSeconds(), TimeUnit.SECONDS);
        for (Ledger.Entry entry : parts.ledger().othersThan(Set.copyOf(first))) {
            slots.computeIfAbsent(entry.pod().uid(), uid -> {
                first.add(uid);
                Slot slot = new Slot(uid);
                slot.leftover(entry);
                return slot;
            });
        }
        Set<String> all = new HashSet<>(first);
        all.addAll(slots.keySet());
        all.forEach(queue::add);
        readyIfAllSeen();
    }

    private void seen(String uid) {
        if (first.remove(uid)) {
            readyIfAllSeen();
        }
    }

    private void readyIfAllSeen() {
        if (source.synced() && first.isEmpty()) {
            ready.complete(null);
        }
    }

    /** What should be, as far as is known: the source's word counts, but the runtime may know addresses before. */
    private Optional<MeshPod> wanted(@Nullable Slot slot, String uid) {
        MeshPod made = slot == null ? null : slot.sandboxPod();
        Optional<MeshPod> named = source.pod(uid);
        if (named.isEmpty() || made == null || !named.get().addresses().isEmpty()) {
            return named.or(() -> Optional.ofNullable(made));
        }
        MeshPod pod = named.get();
        return Optional.of(new MeshPod(uid, pod.info(), pod.overrides(), made.addresses(), pod.netns(), pod.identity(), pod.fault()));
    }

    private CompletableFuture<?> work(String uid) {
        Slot known = slots.get(uid);
        if (known != null) {
            known.makeChanges();
        }
        Optional<MeshPod> pod = wanted(known, uid);
        if (pod.isEmpty() && (known == null || !source.synced())) {
            return CompletableFuture.completedFuture(null);
        }
        Slot slot = slots.computeIfAbsent(uid, Slot::new);
        CompletableFuture<Void> letGo = letGoOfDeleted(slot);
        return letGo.thenComposeAsync(done -> attempt(slot, pod.isPresent() ? named(slot, pod) : staying(slot)),
                letGo.isDone() ? Runnable::run : parts.workers());
    }

    private static Optional<MeshPod> named(Slot slot, Optional<MeshPod> pod) {
        slot.unlisted(null);
        return pod;
    }

    /** A pod that its source doesn't name remains what it is, unless it is known that it may leave. */
    private Optional<MeshPod> staying(Slot slot) {
        Ledger.Entry present = slot.present();
        Optional<String> reason =
                present == null ? Optional.empty() : parts.departures().reasonToStay(slot, present.pod(), present.identity());
        slot.unlisted(reason.orElse(null));
        if (present == null || reason.isEmpty()) {
            slot.dropDoubtedSandbox();
            return Optional.empty();
        }
        return Optional.of(present.pod());
    }

    /** Lets go of a sandbox that the runtime deletes. */
    private CompletableFuture<Void> letGoOfDeleted(Slot slot) {
        Map<NamespaceIdentity, CompletableFuture<Void>> deleted = slot.takeDeleted();
        EnrolledPod pod = slot.enrolledOrNull();
        CompletableFuture<Void> mine = pod == null ? null : deleted.get(pod.netns().identity());
        deleted.forEach((netns, other) -> {
            if (pod == null || !netns.equals(pod.netns().identity())) {
                other.complete(null);
            }
        });
        if (mine == null) {
            return CompletableFuture.completedFuture(null);
        }
        return new Leaving(parts, slot).letGo().handle((letGo, failure) -> {
            if (failure == null) {
                mine.complete(null);
            } else {
                mine.completeExceptionally(Failures.cause(failure));
            }
            return null;
        });
    }

    /** Does what a failure demands; its result is the failure as the one who waits is to see it, null if there is none. */
    @SuppressWarnings("NullAway") // doesn't know futures of null
    private CompletionStage<Throwable> after(Slot slot, @Nullable Throwable failure) {
        return failure == null ? CompletableFuture.completedFuture(null) : afterFailure(slot, failure);
    }

    /** Makes an attempt. What it leaves to be done after a proxy's answer is done with the rest: each change of threads takes time. */
    private CompletableFuture<?> attempt(Slot slot, Optional<MeshPod> pod) {
        String uid = slot.uid();
        List<CompletableFuture<Void>> waiters = slot.takeWaiters();
        CompletableFuture<Runnable> attempt;
        try {
            attempt = pod.isPresent() ? enrol(slot, pod.get())
                    : slot.left() ? CompletableFuture.completedFuture(NOTHING)
                            : new Leaving(parts, slot).run().thenApply(left -> NOTHING);
        } catch (RuntimeException e) {
            attempt = CompletableFuture.failedFuture(e);
        }
        return attempt.handleAsync((rest, failure) -> {
            if (failure != null) {
                return failed(slot, pod.isPresent(), Failures.cause(failure));
            }
            try {
                rest.run();
            } catch (RuntimeException e) {
                return failed(slot, pod.isPresent(), Failures.cause(e));
            }
            succeeded(slot, pod.isPresent());
            return null;
        }, parts.workers()).thenCompose(failure -> after(slot, failure)).whenComplete((failure, unexpected) -> {
            seen(uid);
            Throwable result = unexpected != null ? unexpected : failure;
            for (CompletableFuture<Void> waiter : waiters) {
                if (result == null) {
                    waiter.complete(null);
                } else {
                    waiter.completeExceptionally(result);
                }
            }
            if (unexpected != null && !closed) {
                LOG.error("an unexpected error with pod {}", uid, unexpected);
            }
        });
    }

    private CompletableFuture<Runnable> enrol(Slot slot, MeshPod pod) {
        MeshPod before = slot.wanted();
        slot.wanted(pod);
        String refusal = slot.takeRefusal();
        if (refusal != null) {
            return CompletableFuture.failedFuture(new AgentException(refusal));
        }
        Enrolling enrolling = new Enrolling(parts, slot, pod);
        if (before == null || before.info().equals(pod.info()) || slot.enrolledOrNull() == null) {
            return enrolling.run(() -> seen(pod.uid())).thenApply(served -> enrolling::enterAddresses);
        }
        // a proxy doesn't take other names for a pod that it serves
        return proxies.withdraw(pod.uid()).thenComposeAsync(gone -> enrolling.run(() -> seen(pod.uid())), parts.workers())
                .thenApply(served -> enrolling::enterAddresses);
    }

    private void succeeded(Slot slot, boolean enrolled) {
        boolean leftBefore = slot.left();
        slot.attemptSucceeded(enrolled);
        slot.nextRetry(); // those that are due are void
        String unlisted = slot.unlisted();
        if (unlisted != null) {
            retry(slot);
            note(slot, new PodState(PodState.Kind.SERVED, unlisted));
            return;
        }
        if (enrolled) {
            note(slot, PodState.SERVED);
            return;
        }
        slots.computeIfPresent(slot.uid(), (uid, same) -> same.isForgotten() ? null : same);
        if (leftBefore) {
            return;
        }
        slots.values().stream().filter(other -> other.state().kind() == PodState.Kind.WAITING).map(Slot::uid).forEach(queue::add);
        LOG.info("pod {} deleted", slot.uid());
        MeshPod last = slot.wanted();
        if (last != null) {
            source.report(last, Optional.empty());
        }
    }

    /** Notes a failure and retries later; returns the failure as the one who waits is to see it. */
    private Throwable failed(Slot slot, boolean enrolled, Throwable failure) {
        String unlisted = slot.unlisted();
        String words = unlisted == null ? Failures.words(failure) : Failures.words(failure) + "; " + unlisted;
        retry(slot);
        if (!enrolled) {
            PodState.Kind kind = slot.state().kind();
            note(slot, new PodState(kind == PodState.Kind.SERVED ? PodState.Kind.CLOSED : kind, words));
            return failure;
        }
        EnrolledPod pod = slot.enrolledOrNull();
        if (pod == null || Failures.find(failure, WaitingException.class).isPresent()) {
            note(slot, new PodState(PodState.Kind.WAITING, words));
            return failure;
        }
        if (policy == FailedEnrolment.OPEN && !PodRedirection.isRouted(pod.netns())) {
            note(slot, new PodState(PodState.Kind.OPEN, words));
            return failure;
        }
        String outcome = "the pod stays closed";
        PodState state = new PodState(PodState.Kind.CLOSED, words);
        if (Failures.find(failure, StillServedException.class).isPresent()) {
            outcome = "the pod is served";
            state = new PodState(PodState.Kind.SERVED, words);
        } else {
            try {
                parts.installed().close(pod);
            } catch (IOException | RuntimeException e) {
                outcome = "THE POD IS OPEN, because it can't be closed: " + e.getMessage();
                state = new PodState(PodState.Kind.OPEN, words + "; it can't be closed: " + e.getMessage());
            }
        }
        note(slot, state);
        return new AgentException(words + "; " + outcome + ", and its enrolment is retried", failure);
    }

    /** Looks at a pod again after a pause. */
    private void retry(Slot slot) {
        Duration pause = slot.nextPause();
        int retry = slot.nextRetry();
        delays.later(pause, () -> {
            if (slot.isLatestRetry(retry)) {
                queue.add(slot.uid());
            }
        });
    }

    /** A pod whose namespace has gone is let go; one that may not be served is withdrawn from the proxies. */
    private CompletableFuture<Throwable> afterFailure(Slot slot, Throwable failure) {
        MeshPod pod = slot.wanted();
        boolean gone = Failures.find(failure, WaitingException.class).filter(WaitingException::isGone).isPresent();
        CompletableFuture<Void> more = CompletableFuture.completedFuture(null);
        if (gone && slot.enrolledOrNull() != null) {
            more = new Leaving(parts, slot).letGo();
        } else if (pod != null && pod.fault() != null && !slot.withdraw()) {
            more = proxies.withdraw(pod.uid());
        }
        return more.handle((done, second) -> {
            if (second != null) {
                LOG.warn("pod {}: {}", slot.uid(), Failures.words(Failures.cause(second)));
            }
            return failure;
        });
    }

    /** Notes a state; if it is another than before, logs it and tells the source. */
    private void note(Slot slot, PodState state) {
        if (closed) {
            return; // what has failed may be because of that
        }
        slot.state(state);
        MeshPod pod = slot.wanted();
        if (pod == null || !slot.report(state)) {
            return;
        }
        switch (state.kind()) {
            case SERVED -> {
                if (slot.unlisted() == null) {
                    LOG.info("pod {} ({}/{}) enrolled: {}", pod.uid(), pod.info().namespace(), pod.info().name(),
                            Objects.requireNonNull(slot.enrolledOrNull()).netns());
                } else {
                    LOG.warn("pod {} ({}/{}) stays in the mesh as long as it runs: {}", pod.uid(), pod.info().namespace(),
                            pod.info().name(), state.reason());
                }
            }
            case CLOSED -> LOG.warn("pod {} isn't served, so its connections are refused; retrying: {}", pod.uid(), state.reason());
            case OPEN -> LOG.error("pod {} IS OPEN: its connections leave in plaintext; retrying: {}", pod.uid(), state.reason());
            case WAITING -> LOG.info("pod {} isn't enrolled yet: {}", pod.uid(), state.reason());
        }
        if (state.kind() != PodState.Kind.WAITING && slot.unlisted() == null) {
            source.report(pod, Optional.of(state));
        }
    }

    /** Notes what a proxy has answered when it got a pod without our waiting for it. */
    private void answered(String uid, @Nullable String refusal) {
        Slot slot = slots.get(uid);
        if (slot == null || refusal == null && slot.state().equals(PodState.SERVED)) {
            return;
        }
        EnrolledPod pod = slot.enrolledOrNull();
        if (refusal != null && (pod == null || !proxies.isServed(pod.handed()))) {
            slot.refused(refusal);
        }
        queue.add(uid);
    }

    /**
     * Replaces the rules of all pods that differ from what they should be now, for example because a proxy with another cgroup comes. A pod
     * whose rules can't be replaced is closed and retried.
     */
    public void updateRules() {
        for (Slot slot : slots.values()) {
            try {
                if (slot.state().kind() != PodState.Kind.OPEN) {
                    parts.installed().replace(slot);
                }
            } catch (IOException | RuntimeException e) {
                slot.refused("its rules can't be replaced: " + e.getMessage());
                queue.add(slot.uid());
            }
        }
    }

    @Override
    public void enrol(MeshPod pod, NetworkNamespace netns, Duration patience) throws IOException, InterruptedException {
        NetworkNamespace owned = netns.duplicate();
        slots.compute(pod.uid(), (uid, known) -> {
            Slot slot = known == null ? new Slot(uid) : known;
            slot.sandbox(pod, owned);
            return slot;
        });
        commands.change(pod.uid(), () -> {}, patience, patience);
    }

    @Override
    public void sandboxGone(String uid, NetworkNamespace netns) throws IOException {
        AtomicReference<CompletableFuture<Void>> letGo = new AtomicReference<>();
        slots.computeIfPresent(uid, (key, slot) -> {
            letGo.set(slot.deleted(netns.identity()));
            return slot;
        });
        if (letGo.get() == null) {
            return;
        }
        queue.add(uid);
        try {
            letGo.get().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException known ? known : new AgentException(String.valueOf(e.getCause()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AgentException("pod " + uid + ": interrupted while letting go of its namespace", e);
        }
    }

    /** {@return what a person may have done to pods} */
    public PodCommands commands() {
        return commands;
    }

    /** {@return whether the agent has anything to do with a pod} */
    public boolean knows(String uid) {
        return slots.containsKey(uid);
    }

    /** {@return the pods in whose namespaces rules are installed} */
    public List<EnrolledPod> enrolled() {
        return views.enrolled();
    }

    /** {@return all pods that should be in the mesh or are still leaving it, by uid} */
    public List<PodStatus> list() {
        return views.list();
    }

    /**
     * Returns what has become of a pod.
     *
     * @param uid the pod
     * @return empty for a pod that should not be in the mesh, as far as known
     */
    public Optional<PodState> state(String uid) {
        return views.state(uid);
    }

    /** {@return how each pod differs from what should be in its namespace now; empty where it doesn't} */
    public Map<PodStatus, Optional<String>> differences() {
        return views.differences();
    }

    /** Stops. Leaves the pods as they are. */
    @Override
    public void close() {
        closed = true;
        source.close();
        for (Slot slot : slots.values()) {
            slot.dropSandbox();
            EnrolledPod enrolled = slot.enrolledOrNull();
            if (enrolled != null) {
                enrolled.netns().close();
            }
        }
    }
}
