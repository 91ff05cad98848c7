package io.inpod.examples.zds;

/**
 * A pod's names, for which the agent vouches. The pod's identity in the mesh is derived from them.
 *
 * @param name the pod's name
 * @param namespace the pod's namespace in the orchestrator
 * @param serviceAccount the service account as which the pod runs
 */
public record WorkloadInfo(String name, String namespace, String serviceAccount) {}
