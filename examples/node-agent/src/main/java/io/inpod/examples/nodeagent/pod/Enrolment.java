package io.inpod.examples.nodeagent.pod;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;

/** Enrols a pod at the moment in which the runtime makes its network namespace, before anything runs in it. Thread-safe. */
public interface Enrolment {
    /**
     * Enrols a pod, and returns when a proxy serves it. Enrolling a pod again is harmless. A pod of the same uid that was enrolled with
     * another namespace moves: the runtime has made its sandbox anew.
     *
     * @param pod what it should be, with the addresses that the runtime gave it
     * @param netns its network namespace; remains the caller's, which may close it afterwards
     * @param patience how long it may take
     * @throws IOException naming the step that failed; the pod stays closed, and its enrolment is retried as long as its source names it
     * @throws InterruptedException if the thread was interrupted
     */
    void enrol(MeshPod pod, NetworkNamespace netns, Duration patience) throws IOException, InterruptedException;

    /**
     * The runtime deletes a pod's sandbox. If the pod is still enrolled with that namespace, it is withdrawn from the proxies, and the
     * agent lets go of the namespace; otherwise nothing happens. Returns when that is done.
     *
     * @param uid the pod
     * @param netns the identity of the namespace that is about to go
     * @throws IOException if a proxy refused
     */
    void sandboxGone(String uid, NetworkNamespace netns) throws IOException;
}
