package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.zds.ZdsPod;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;

/**
 * A pod in whose namespace the agent installs rules.
 *
 * @param uid its name in commands and in the protocol
 * @param info its names
 * @param overrides the options that it overrides
 * @param redirection the change that was installed in its namespace last, or is about to be
 * @param netns its network namespace, owned by the agent, so that rules can be removed even if the namespace's file no longer exists
 */
public record EnrolledPod(String uid, WorkloadInfo info, PodOverrides overrides, NamespaceChange redirection, NetworkNamespace netns) {
    EnrolledPod with(NamespaceChange installed) {
        return new EnrolledPod(uid, info, overrides, installed, netns);
    }

    ZdsPod handed() {
        return new ZdsPod(uid, info, netns);
    }
}
