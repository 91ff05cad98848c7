package io.inpod.examples.zds;

import io.inpod.netns.NetworkNamespace;

/** A request of an agent to a proxy. Each must be answered, with {@link ZdsClient#ack()} or {@link ZdsClient#nack(String)}. */
public sealed interface ZdsRequest {
    /**
     * Serve a pod. If the pod is served already, do nothing if the namespace is the same, otherwise serve it in the new namespace.
     *
     * @param uid the pod's name in the protocol, not empty
     * @param info the pod's names
     * @param netns its network namespace, to be closed by the receiver
     */
    record Add(String uid, WorkloadInfo info, NetworkNamespace netns) implements ZdsRequest {}

    /**
     * Part of a snapshot: the pod still exists; continue to serve it if it is served.
     *
     * @param uid the pod's name in the protocol
     */
    record Keep(String uid) implements ZdsRequest {}

    /**
     * Stop serving a pod immediately. Do nothing if it is unknown.
     *
     * @param uid the pod's name in the protocol
     */
    record Del(String uid) implements ZdsRequest {}

    /** All pods have been named in this session: stop serving all others. Sent once per session. */
    record SnapshotSent() implements ZdsRequest {}
}
