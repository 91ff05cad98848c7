package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;

/**
 * A pod in the mesh.
 *
 * @param uid its name in commands and in the protocol
 * @param info its names
 * @param overrides the options that it overrides
 * @param redirection the change that was installed in its namespace
 * @param netns its network namespace, owned by the agent, so that rules can be removed even if the namespace's file no longer exists
 * @param state whether it is served
 */
record EnrolledPod(String uid, WorkloadInfo info, PodOverrides overrides, NamespaceChange redirection, NetworkNamespace netns,
        PodState state) {
    EnrolledPod with(PodState now) {
        return new EnrolledPod(uid, info, overrides, redirection, netns, now);
    }

    EnrolledPod with(NamespaceChange installed) {
        return new EnrolledPod(uid, info, overrides, installed, netns, state);
    }
}
