package io.inpod.examples.ztunnel.live;

import io.inpod.examples.ztunnel.mesh.MeshState.Demand;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.tproxy.share.Share;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Connections of a pod that the mesh doesn't know yet: an agent may name a pod before the mesh does. And those to something that has to be
 * asked for first. They wait for a bounded time, and
 * only as many as the pod's share of all places; what has no place doesn't wait. Thread-safe.
 */
public final class WorkloadWait implements AutoCloseable {
    /** How many connections of all pods may wait, of which a single pod gets half. */
    public static final int PLACES = 1000;

    private final BooleanSupplier known;
    private final Share places;
    private final long patienceNanos;
    private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();
    private final MeshState.Subscription subscription;

    /**
     * Creates a pod for which nothing waits.
     *
     * @param known whether the mesh knows the pod now
     * @param watch notifies of changes
     * @param places the pod's share of the places
     * @param patience how long a connection waits; zero if it doesn't
     */
    public WorkloadWait(BooleanSupplier known, MeshWatch watch, Share places, Duration patience) {
        this.known = known;
        this.places = places;
        this.patienceNanos = patience.toNanos();
        this.subscription = watch.onChange(this::wake);
    }

    /**
     * Calls an action when the mesh knows the pod, or when waiting for that is over. Which of them is the case the action finds out. Called
     * on the connection's event loop, on which the action is called too, at once if there is nothing to wait for.
     *
     * @param loop the connection's event loop
     * @param gone completes on the event loop when the client is gone, after which nothing waits
     * @param action serves the connection, or refuses it if the mesh still doesn't know the pod
     */
    public void await(EventLoop loop, Future<?> gone, Runnable action) {
        if (known.getAsBoolean() || patienceNanos == 0 || !places.tryTake(1)) {
            action.run();
            return;
        }
        Waiting one = new Waiting(loop, action, false);
        waiting.add(one);
        one.timer = loop.schedule(one::end, patienceNanos, TimeUnit.NANOSECONDS);
        gone.addListener(done -> one.end());
        if (known.getAsBoolean()) { // since the first look, and nobody was woken who wasn't waiting yet
            one.end();
        }
    }

    /**
     * Calls an action when the source has said what the mesh has by a name, or when waiting for that is over. Which of them is the case the
     * action finds out. Called on the connection's event loop, on which the action is called too, at once if there is nothing to wait for.
     *
     * @param loop the connection's event loop
     * @param gone completes on the event loop when the client is gone, after which nothing waits
     * @param demand whom to ask
     * @param name the name
     * @param action serves the connection, or refuses it if there is still no answer
     */
    public void await(EventLoop loop, Future<?> gone, Demand demand, String name, Runnable action) {
        if (demand.isAnswered(name)) {
            action.run();
            return;
        }
        if (patienceNanos == 0 || !places.tryTake(1)) {
            demand.ask(name, () -> {}).close(); // for the next connection
            action.run();
            return;
        }
        Waiting one = new Waiting(loop, action, true);
        waiting.add(one);
        one.timer = loop.schedule(one::end, patienceNanos, TimeUnit.NANOSECONDS);
        one.question = demand.ask(name, () -> loop.execute(one::end));
        gone.addListener(done -> one.end());
    }

    /** {@return whether the workload is known, so that nothing has to wait} */
    public boolean isKnown() {
        return known.getAsBoolean();
    }

    /** {@return how many wait now} */
    public int size() {
        return waiting.size();
    }

    private void wake() {
        if (!waiting.isEmpty() && known.getAsBoolean()) {
            waiting.stream().filter(one -> !one.isForName).forEach(one -> one.loop.execute(one::end));
        }
    }

    /** Ends the waiting; each action is called with the next of its event loop's tasks. */
    @Override
    public void close() {
        subscription.close();
        waiting.forEach(one -> one.loop.execute(one::end));
    }

    private final class Waiting {
        final EventLoop loop;
        final Runnable action;
        final boolean isForName;
        @Nullable
        ScheduledFuture<?> timer;
        MeshState.@Nullable Subscription question;

        Waiting(EventLoop loop, Runnable action, boolean isForName) {
            this.loop = loop;
            this.action = action;
            this.isForName = isForName;
        }

        void end() {
            if (waiting.remove(this)) {
                places.giveBack(1);
                if (timer != null) {
                    timer.cancel(false);
                }
                if (question != null) {
                    question.close();
                }
                action.run();
            }
        }
    }
}
