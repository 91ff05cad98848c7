package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Decides about pods that are in the mesh, and that their source doesn't name. That it doesn't name a pod isn't enough: with the name of
 * another node, the address of another cluster, or a backup that is older than the pods, it names none, and all pods of the node would
 * leave the mesh, in plaintext.
 *
 * @param source is asked about the pod itself
 * @param finder tells whether a namespace is in use
 */
record Departures(PodSource source, NamespaceFinder finder) {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /**
     * Returns why a pod must stay in the mesh; empty if it may leave: its namespace is gone or only descriptors keep it, the source says
     * that the pod is outside the mesh, or a person has dismissed it.
     *
     * @param netns the identity of its namespace
     */
    Optional<String> reasonToStay(Slot slot, MeshPod pod, String netns) {
        if (slot.isDismissed()) {
            return Optional.empty();
        }
        String hidden = "";
        try (NetworkNamespace used = finder.open(netns).orElse(null)) {
            if (used == null) {
                return Optional.empty();
            }
        } catch (IOException e) {
            hidden = "; " + e.getMessage();
        }
        String suffix = hidden;
        return membership(pod).map(reason -> reason + suffix);
    }

    private Optional<String> membership(MeshPod pod) {
        try {
            Membership membership = source.ask(pod, PATIENCE);
            return membership instanceof Membership.Outside ? Optional.empty()
                    : membership instanceof Membership.Unknown unknown
                            ? Optional.of("its source doesn't name it, and that it has left the mesh isn't known: " + unknown.reason())
                            : Optional.of("it is in the mesh, but not listed yet");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted while asking about it");
        }
    }
}
