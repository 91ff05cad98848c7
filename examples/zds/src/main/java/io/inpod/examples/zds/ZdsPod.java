package io.inpod.examples.zds;

import io.inpod.netns.NetworkNamespace;

/**
 * A pod as the agent announces it.
 *
 * @param uid the pod's name in the protocol, not empty
 * @param info the pod's names
 * @param netns its network namespace; owned by the code that created this record
 */
public record ZdsPod(String uid, WorkloadInfo info, NetworkNamespace netns) {
    /** Checks the uid. */
    public ZdsPod {
        if (uid.isEmpty()) {
            throw new IllegalArgumentException("a pod needs a uid");
        }
    }
}
