package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;

/**
 * Decides about what an earlier agent has left in namespaces of pods that the source doesn't name. That it doesn't name a pod isn't enough:
 * with the name of another node, or the address of another cluster, it names none, and all pods of the node would leave the mesh, in
 * plaintext.
 *
 * @param source is asked about the pod itself
 */
record Leftovers(PodSource source) {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /**
     * Returns if the rules may be removed: the namespace is gone, or the source says that the pod is outside of the mesh.
     *
     * @throws WaitingException if nobody knows that
     */
    void checkRemovable(Ledger.Entry entry) throws IOException {
        NetworkNamespace running = entry.open();
        if (running == null) {
            return;
        }
        running.close();
        MeshPod pod = entry.pod();
        Membership membership;
        try {
            membership = source.membership(pod.info().namespace(), pod.info().name(), pod.uid(), PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while asking about pod " + pod.uid());
        }
        if (membership instanceof Membership.Unknown unknown) {
            throw new WaitingException("an earlier agent has enrolled it in " + entry.identity()
                    + ", which still exists, and that it has left the mesh isn't known: " + unknown.reason(), false);
        }
        if (membership instanceof Membership.Member) {
            throw new WaitingException("it is in the mesh, but not listed yet", false);
        }
    }
}
