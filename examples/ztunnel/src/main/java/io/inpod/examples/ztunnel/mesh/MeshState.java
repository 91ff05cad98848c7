package io.inpod.examples.ztunnel.mesh;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * The state of the mesh that counts now. Sources replace it; connections ask for it once and decide with what they were given. Thread-safe.
 */
public final class MeshState implements Supplier<Mesh> {
    /** Whether a source has said what the mesh is: until then nothing is known, which isn't the same as an empty mesh. */
    private volatile boolean loaded;
    private volatile Mesh mesh = Mesh.EMPTY;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    /** {@return the state that counts now; {@link Mesh#EMPTY} until one is loaded} */
    @Override
    public Mesh get() {
        return mesh;
    }

    /** {@return whether a source has said what the mesh is} */
    public boolean isLoaded() {
        return loaded;
    }

    /**
     * Replaces the state, and tells the listeners. One source at a time calls this.
     *
     * @param next the state that counts from now on
     */
    public void replace(Mesh next) {
        mesh = next;
        loaded = true;
        listeners.forEach(Runnable::run);
    }

    /**
     * Adds a listener that is called after each change, on the source's thread: it must be quick and not throw.
     *
     * @param listener called after each change
     * @return stops it
     */
    public Subscription onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** Stops a listener. */
    public interface Subscription extends AutoCloseable {
        /** Stops it. It may still be running on another thread. */
        @Override
        void close();
    }
}
