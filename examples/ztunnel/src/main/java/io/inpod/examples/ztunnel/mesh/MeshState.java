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
    private volatile Demand demand = Demand.NONE;
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

    /** {@return whom to ask for what the mesh doesn't have; {@link Demand#NONE} if the source sends everything} */
    public Demand demand() {
        return demand;
    }

    /**
     * Says that the source sends only what it is asked for.
     *
     * @param source who is asked from now on
     */
    public void demandFrom(Demand source) {
        demand = source;
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

    /**
     * Asks a source that sends only what it is asked for: by the names {@code network/address} and {@code namespace/hostname}, or by a
     * workload's uid. Thread-safe.
     */
    public interface Demand {
        /** Of a source that sends everything without being asked. */
        Demand NONE = new Demand() {
            @Override
            public boolean isAnswered(String name) {
                return true;
            }

            @Override
            public Subscription ask(String name, Runnable answered) {
                answered.run();
                return () -> {};
            }
        };

        /**
         * Returns whether the source has said what the mesh has by a name, even if that is nothing. It then says so too when that changes.
         *
         * @param name the name
         * @return false if it has to be asked
         */
        boolean isAnswered(String name);

        /**
         * Returns whether the source has been asked for a name, so that to {@link #ask} again asks it nothing.
         *
         * @param name the name
         * @return true also if it has answered
         */
        default boolean isAsked(String name) {
            return isAnswered(name);
        }

        /**
         * Asks, unless that has been asked already.
         *
         * @param name the name
         * @param answered called once, when the mesh has what the source has by that name: on any thread, at once if it is so already; it
         * must be quick and not throw
         * @return stops waiting for the answer
         */
        Subscription ask(String name, Runnable answered);
    }
}
