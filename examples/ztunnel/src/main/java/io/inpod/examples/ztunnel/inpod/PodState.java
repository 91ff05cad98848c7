package io.inpod.examples.ztunnel.inpod;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.traffic.Flow;
import java.util.List;

/**
 * A pod that the agent has named, at some moment.
 *
 * @param uid its name in the protocol
 * @param info its names
 * @param served whether it is served; otherwise that is retried
 * @param reason why it isn't served, or ""
 * @param flows its connections that carry data
 */
public record PodState(String uid, WorkloadInfo info, boolean served, String reason, List<Flow> flows) {}
