package io.inpod.examples.ztunnel.live;

import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Policies;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.hbone.ConnectionIdentities;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connections that a pod has accepted. When something changes that concerns the pod, each is decided about again, with the pod as it is
 * now, and cut if it isn't allowed any more. Thread-safe.
 */
public final class LiveConnections implements AutoCloseable {
    /** So many are cut before their event loop serves others. */
    private static final int PORTION = 50;

    private static final Verdict REVOKED = new Verdict(Verdict.Basis.REVOKED, "a certificate was revoked", null);
    private static final Cut CUT_REVOKED = new Cut("connection closed: " + REVOKED.reason(), REVOKED.basis());

    private final Supplier<Policies> policies;
    private final Denials denials;
    private final Set<LiveConnection> open = ConcurrentHashMap.newKeySet();
    private final MeshState.Subscription subscription;
    /** Which tunnels aren't trusted any more; null before the first was revoked. */
    private volatile @Nullable Predicate<ConnectionIdentities> revoked;
    /** What all have been decided with, or will be. On the thread of the watch only. */
    private Policies checked;

    /**
     * Creates a pod without connections.
     *
     * @param policies the policies that concern the pod as the mesh is now; the same object for as long as nothing concerns it that changes
     * @param watch notifies of changes
     * @param denials counts
     */
    public LiveConnections(Supplier<Policies> policies, MeshWatch watch, Denials denials) {
        this.policies = policies;
        this.denials = denials;
        this.checked = policies.get();
        this.subscription = watch.onChange(this::recheck);
    }

    Denials denials() {
        return denials;
    }

    /**
     * What was decided about a new connection.
     *
     * @param verdict the verdict
     * @param connection the connection if it is allowed, which counts until it ends; otherwise one that has ended
     */
    public record Entry(Verdict verdict, LiveConnection connection) {}

    /**
     * Decides about a new connection. It counts before that: a change that comes between is decided about by {@link #recheck}.
     *
     * @param loop the connection's event loop, on which this is called
     * @param attempt the connection
     * @param certificates whose certificates its tunnel has shown, or null without a tunnel
     * @return the verdict, and the connection
     */
    public Entry enter(EventLoop loop, Attempt attempt, @Nullable ConnectionIdentities certificates) {
        LiveConnection connection = new LiveConnection(this, loop, attempt, certificates);
        open.add(connection);
        Verdict verdict = isRevoked(certificates) ? REVOKED : policies.get().decide(attempt, Trace.NONE);
        if (verdict.allowed()) {
            denials.entered();
        } else {
            denials.refused(verdict.basis());
            connection.end();
        }
        return new Entry(verdict, connection);
    }

    private boolean isRevoked(@Nullable ConnectionIdentities certificates) {
        Predicate<ConnectionIdentities> which = revoked;
        return which != null && certificates != null && which.test(certificates);
    }

    void remove(LiveConnection connection) {
        open.remove(connection);
    }

    /** {@return what policies have looked at in those that are open} */
    public List<Attempt> attempts() {
        return open.stream().map(LiveConnection::attempt).toList();
    }

    /** {@return how many are open} */
    public int size() {
        return open.size();
    }

    /** After a change of the mesh. Does nothing if it doesn't concern the pod. */
    @SuppressWarnings("ReferenceEquality") // whether it is the same object: an equal one may have come after a different one
    private void recheck() {
        Policies now = policies.get();
        if (now != checked) {
            checked = now;
            Map<Attempt, Optional<Cut>> decided = new HashMap<>(); // thousands of connections may be alike
            cut(connection -> decided.computeIfAbsent(connection.attempt(), attempt -> changed(now.decide(attempt, Trace.NONE))));
        }
    }

    private static Optional<Cut> changed(Verdict verdict) {
        return verdict.allowed() ? Optional.empty()
                : Optional.of(new Cut("connection closed due to policy change: " + verdict.reason(), verdict.basis()));
    }

    /**
     * Cuts the connections in tunnels whose certificates aren't trusted any more, and refuses new ones in them: their peers may send
     * requests until they know that a tunnel is being retired. May be called from any thread.
     *
     * @param which chooses the tunnels, from now on
     */
    public void revoked(Predicate<ConnectionIdentities> which) {
        revoked = which;
        cut(connection -> isRevoked(connection.certificates()) ? Optional.of(CUT_REVOKED) : Optional.empty());
    }

    private void cut(Function<LiveConnection, Optional<Cut>> decision) {
        IdentityHashMap<EventLoop, List<Due>> byLoop = new IdentityHashMap<>();
        for (LiveConnection connection : open) {
            decision.apply(connection).ifPresent(
                    cut -> byLoop.computeIfAbsent(connection.loop(), loop -> new ArrayList<>()).add(new Due(connection, cut)));
        }
        byLoop.forEach((loop, due) -> loop.execute(new Portions(loop, due)));
    }

    /**
     * Why connections are cut: one object for all that are alike.
     *
     * @param reason in the words of the log
     * @param basis for the metric
     */
    record Cut(String reason, Verdict.Basis basis) {}

    /** A connection that is to be cut. */
    private record Due(LiveConnection connection, Cut why) {
        /** The same for all in one tunnel. */
        int tunnel() {
            return System.identityHashCode(connection.certificates());
        }
    }

    /** What is cut on one event loop, one tunnel after the other: the resets of many of its requests are written and read at once. */
    private static final class Portions implements Runnable {
        private final EventLoop loop;
        private final Queue<Due> waiting;

        Portions(EventLoop loop, List<Due> due) {
            this.loop = loop;
            due.sort(Comparator.comparingInt(Due::tunnel));
            this.waiting = new ArrayDeque<>(due);
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // it throws nothing that the event loop wouldn't log
        public void run() {
            for (int i = 0; i < PORTION && !waiting.isEmpty(); i++) {
                Due due = waiting.remove();
                due.connection().cut(due.why());
            }
            if (!waiting.isEmpty()) {
                loop.schedule(this, 0, TimeUnit.NANOSECONDS); // after what can be read; a task that is only executed comes before
            }
        }
    }

    /** The pod is gone: its connections end anyway. */
    @Override
    public void close() {
        subscription.close();
    }
}
