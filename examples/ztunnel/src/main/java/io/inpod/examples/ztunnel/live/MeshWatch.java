package io.inpod.examples.ztunnel.live;

import io.inpod.examples.ztunnel.mesh.MeshState;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies of changes of the mesh on a thread of its own. Changes that come while it is busy are one change, so a source that changes
 * ten thousand times a second costs as little as it can. Thread-safe.
 */
public final class MeshWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");

    private final Executor thread;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean due = new AtomicBoolean();
    private final MeshState.Subscription subscription;

    /**
     * Begins to watch.
     *
     * @param state what is watched
     * @param thread notifies, one task after the other
     */
    public MeshWatch(MeshState state, Executor thread) {
        this.thread = thread;
        this.subscription = state.onChange(this::changed);
    }

    private void changed() {
        if (due.compareAndSet(false, true)) {
            thread.execute(this::notifyAllListeners);
        }
    }

    private void notifyAllListeners() {
        due.set(false); // first: a change from now on is notified again
        for (Runnable listener : listeners) {
            try {
                listener.run();
            } catch (RuntimeException | Error e) {
                LOG.error("a pod's connections couldn't be checked after a change of the mesh", e);
            }
        }
    }

    /**
     * Adds a listener.
     *
     * @param listener called on the thread after each change, or once after several
     * @return stops it
     */
    public MeshState.Subscription onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** Stops watching. */
    @Override
    public void close() {
        subscription.close();
    }
}
