package io.inpod.examples.nodeagent;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;

/**
 * A pod in the mesh.
 *
 * @param uid its name in commands and in the protocol
 * @param info who it is
 * @param overrides what it wants otherwise than the rest
 * @param redirection what was installed there
 * @param netns its network namespace, owned by the agent: so rules can be removed though the pod's own name of it has gone
 */
record EnrolledPod(String uid, WorkloadInfo info, PodOverrides overrides, NamespaceChange redirection, NetworkNamespace netns) {}
