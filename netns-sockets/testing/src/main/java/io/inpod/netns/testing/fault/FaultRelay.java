package io.inpod.netns.testing.fault;

import io.inpod.netns.socket.PacketRing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Passes the frames of a pod's link on between its two ends, through the stages of the faults, on a thread of its own. Everything that has
 * to do with packets happens under the lock.
 */
final class FaultRelay implements AutoCloseable {
    private static final int FRAMES_AT_ONCE = 64;
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** While something is held, how long a packet that a closed fault hands to the next one may be late. */
    private static final long HOLDING_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Endpoint pod;
    private final Splice splice;
    private final FramePool pool;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock(true); // fair, since the thread takes it again at once
    private final Condition progress = lock.newCondition();
    private final List<Stage> stages = new ArrayList<>();
    private final Stage exit = new Exit();
    private Stage entry = exit;
    private boolean ended;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    FaultRelay(Endpoint pod, Splice splice) {
        this.pod = pod;
        this.splice = splice;
        pool = new FramePool(splice.frameBytes());
        thread = new Thread(this::run, "inpod-faults-" + pod.name());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Where packets leave the relay. */
    private final class Exit extends Stage {
        @Override
        void offer(Packet packet, long now) throws IOException {
            accept(packet, now);
        }

        @Override
        void accept(Packet packet, long now) throws IOException {
            (packet.sent() ? splice.toNode() : splice.toPod()).send(packet.frame());
            packet.free();
        }
    }

    private void run() {
        Throwable problem = null;
        try {
            while (!closed) {
                long wait = step();
                if (wait > 0) {
                    splice.toPod().await(splice.toNode(), Duration.ofNanos(wait));
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            problem = e;
        }
        end(problem);
    }

    private void end(@Nullable Throwable problem) {
        lock.lock();
        try {
            failure = problem;
            ended = true;
            splice.close();
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Handles what has arrived and what is due; returns how long the thread may wait, in nanoseconds. */
    private long step() throws IOException {
        lock.lock();
        try {
            boolean moreSent = drain(splice.toPod(), true);
            boolean moreReceived = drain(splice.toNode(), false);
            long now = System.nanoTime();
            long wait = IDLE_NANOS;
            for (Stage stage : stages) {
                stage.release(now);
            }
            for (Stage stage : stages) {
                long next = stage.remaining(now);
                wait = next == Stage.NEVER ? wait : Math.min(wait, Math.min(next, HOLDING_NANOS));
            }
            if (lock.hasWaiters(progress)) {
                progress.signalAll();
            }
            return moreSent || moreReceived ? 0 : wait;
        } finally {
            lock.unlock();
        }
    }

    private boolean drain(PacketRing ring, boolean sent) throws IOException {
        for (int i = 0; i < FRAMES_AT_ONCE; i++) {
            ByteBuffer frame = ring.next();
            if (frame == null) {
                return false;
            }
            entry.offer(Packet.arrived(pool, frame.slice(), sent), System.nanoTime());
            ring.release();
        }
        return true;
    }

    void add(Stage stage) {
        lock.lock();
        try {
            stages.add(stage);
            link();
        } finally {
            lock.unlock();
        }
    }

    /** Ends a stage, which passes on what it holds. */
    void remove(Stage stage) {
        lock.lock();
        try {
            if (stages.contains(stage) && !ended) {
                stage.flush(System.nanoTime());
            }
            stages.remove(stage);
            link();
        } catch (IOException e) {
            failure = e;
        } finally {
            lock.unlock();
        }
        check();
    }

    private void link() {
        Stage next = exit;
        for (int i = stages.size() - 1; i >= 0; i--) {
            stages.get(i).precede(next);
            next = stages.get(i);
        }
        entry = next;
    }

    /** Returns what it was asked for under the lock. */
    long count(ToLongFunction<Stage> what, Stage stage) {
        lock.lock();
        try {
            return what.applyAsLong(stage);
        } finally {
            lock.unlock();
        }
    }

    /** Waits until a stage has this many hits; returns whether it has. */
    boolean await(Stage stage, long hits, Duration timeout) throws InterruptedException {
        long nanos = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            while (stage.hits() < hits && nanos > 0 && !ended) {
                nanos = progress.awaitNanos(nanos);
            }
            return stage.hits() >= hits;
        } finally {
            lock.unlock();
        }
    }

    /** How many frames it has lost because it was too slow, or had too many to hold. */
    long lost() throws IOException {
        lock.lock();
        try {
            return ended ? 0 : splice.toPod().lost() + splice.toNode().lost() + pool.refused();
        } finally {
            lock.unlock();
        }
    }

    /** Fails if the thread has ended by an error: from then on the pod is cut off. */
    void check() {
        if (failure != null) {
            throw new IllegalStateException("the relay at the link of " + pod.name() + " has failed, which cut the pod off", failure);
        }
    }

    /** Cuts the pod off, and ends the thread. */
    @Override
    public void close() {
        closed = true;
        splice.cut(); // an interface that goes down wakes the thread
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
