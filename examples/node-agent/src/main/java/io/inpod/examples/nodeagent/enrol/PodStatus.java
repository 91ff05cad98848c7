package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.netns.NamespaceIdentity;
import org.jspecify.annotations.Nullable;

/**
 * A pod as the agent shows it.
 *
 * @param uid the pod
 * @param info its names
 * @param netns its network namespace; null as long as it isn't known
 * @param state whether it is served
 */
public record PodStatus(String uid, WorkloadInfo info, @Nullable NamespaceIdentity netns, PodState state) {}
