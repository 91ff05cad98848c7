package io.inpod.examples.zds;

/**
 * Who a pod is, as the agent vouches for it: what the pod's mesh identity is made from.
 *
 * @param name the pod's name
 * @param namespace its (orchestrator's) namespace
 * @param serviceAccount the service account it runs as
 */
public record WorkloadInfo(String name, String namespace, String serviceAccount) {}
