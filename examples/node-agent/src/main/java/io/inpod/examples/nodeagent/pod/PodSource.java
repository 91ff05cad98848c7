package io.inpod.examples.nodeagent.pod;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;

/**
 * Where the agent learns which pods of its node should be in the mesh: a cluster's API server, or a directory of files. Thread-safe.
 *
 * <p>A source tells what should be, never what happened: who is told of a change asks what the pod should be now. So a source may tell of a
 * change twice, or once for several.
 */
public interface PodSource extends AutoCloseable {
    /** Is told of changes, on a thread of the source's, and must not block. */
    interface Listener {
        /**
         * Something has changed about a pod: it came, left, or is described otherwise.
         *
         * @param uid the pod
         */
        void changed(String uid);

        /** The first complete list is known: a pod that isn't in it should not be in the mesh. */
        void synced();
    }

    /**
     * Begins to watch, and returns at once. A source that can't be reached is tried again until this source is closed.
     *
     * @param listener is told of changes
     * @throws IOException if the source can't be watched at all, for example because its configuration is wrong
     */
    void start(Listener listener) throws IOException;

    /**
     * {@return whether the first complete list is known} Before that, nothing may be concluded from a pod's absence. Stays true when the
     * source can't be reached for a while: what it said last holds.
     */
    boolean synced();

    /** {@return the pods that should be in the mesh, as far as known} */
    Collection<MeshPod> pods();

    /**
     * Returns what a pod should be.
     *
     * @param uid the pod
     * @return empty if it should not be in the mesh, as far as known
     */
    Optional<MeshPod> pod(String uid);

    /**
     * Decides about a pod that the runtime is about to start, of which this source may not have heard yet: asks the origin if necessary.
     *
     * @param namespace the pod's namespace in the orchestrator
     * @param name the pod's name
     * @param uid the pod's uid; empty if the runtime didn't say it
     * @param patience how long it may take
     * @return the decision, or that none is possible and why
     * @throws InterruptedException if the thread was interrupted
     */
    Membership membership(String namespace, String name, String uid, Duration patience) throws InterruptedException;

    /**
     * Asks about a pod that is enrolled, and that this source doesn't name, or no longer. That a list lacks a pod doesn't show that it has
     * left the mesh: the list may be another cluster's, a filtered one, or older than the pod. So the origin is asked about the pod itself.
     *
     * @param pod the pod, as it was named last
     * @param patience how long it may take
     * @return {@link Membership.Outside} only if the origin knows this very pod, and says so, or if its absence is the word of a person
     * @throws InterruptedException if the thread was interrupted
     */
    default Membership ask(MeshPod pod, Duration patience) throws InterruptedException {
        return membership(pod.info().namespace(), pod.info().name(), pod.uid(), patience);
    }

    /**
     * Writes back what has become of a pod, where the source has a place for it. Returns at once. Only the newest state of a pod counts; it
     * is written as soon as the source can be reached.
     *
     * @param pod the pod
     * @param state its state; empty if it has left the mesh and its redirection was removed
     */
    void report(MeshPod pod, Optional<PodState> state);

    /** Stops watching. */
    @Override
    void close();
}
