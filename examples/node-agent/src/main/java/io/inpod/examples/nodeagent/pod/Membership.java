package io.inpod.examples.nodeagent.pod;

import java.util.Collection;
import java.util.Optional;

/** Whether a pod belongs to the mesh. */
public sealed interface Membership {
    /**
     * Returns the answer of a source whose list is the whole truth.
     *
     * @param listed the pods of the mesh
     * @param namespace the namespace in the orchestrator of the pod in question
     * @param name its name
     * @param uid its uid; empty if it isn't known, so that the name decides
     * @return the listed pod as a member; empty if it isn't among them
     */
    static Optional<Membership> among(Collection<MeshPod> listed, String namespace, String name, String uid) {
        return listed.stream()
                .filter(pod -> uid.isEmpty() ? pod.info().namespace().equals(namespace) && pod.info().name().equals(name)
                        : pod.uid().equals(uid))
                .findFirst().map(Member::new);
    }

    /**
     * It must be enrolled before it starts.
     *
     * @param pod what it should be
     */
    record Member(MeshPod pod) implements Membership {}

    /**
     * It is none of the mesh's.
     *
     * @param reason why, in words for a log line
     */
    record Outside(String reason) implements Membership {}

    /**
     * Nobody can tell now. It must not start: it could be a member, and would speak in plaintext.
     *
     * @param reason why, in words for a person
     */
    record Unknown(String reason) implements Membership {}
}
