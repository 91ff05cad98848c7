package io.inpod.examples.nodeagent.pod;

/** Whether a pod belongs to the mesh. */
public sealed interface Membership {
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
