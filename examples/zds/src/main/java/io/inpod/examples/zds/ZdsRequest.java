package io.inpod.examples.zds;

import io.inpod.netns.NetworkNamespace;

/** What an agent asks of a proxy. Each is to be answered, by {@link ZdsClient#ack()} or {@link ZdsClient#nack(String)}. */
public sealed interface ZdsRequest {
    /**
     * Serve a pod. For a pod that is served already: nothing to do if the namespace is the same, otherwise start anew in this one.
     *
     * @param uid the pod's name in the protocol, not empty
     * @param info who it is
     * @param netns its network namespace, to be closed by the receiver
     */
    record Add(String uid, WorkloadInfo info, NetworkNamespace netns) implements ZdsRequest {}

    /**
     * Part of a snapshot: the pod still exists, keep serving it if it is served.
     *
     * @param uid the pod's name in the protocol
     */
    record Keep(String uid) implements ZdsRequest {}

    /**
     * Stop serving a pod at once. For an unknown one there is nothing to do.
     *
     * @param uid the pod's name in the protocol
     */
    record Del(String uid) implements ZdsRequest {}

    /** Every pod has been named in this session: stop serving those that were not. Comes once per session. */
    record SnapshotSent() implements ZdsRequest {}
}
