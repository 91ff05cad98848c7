package io.inpod.examples.zds;

import io.inpod.netns.NetworkNamespace;

/**
 * A pod as the agent announces it.
 *
 * @param uid what names the pod in the protocol, not empty
 * @param info who it is
 * @param netns its network namespace; owned by whoever made this record
 */
public record ZdsPod(String uid, WorkloadInfo info, NetworkNamespace netns) {
    /** Checks the uid. */
    public ZdsPod {
        if (uid.isEmpty()) {
            throw new IllegalArgumentException("a pod needs a uid");
        }
    }
}
