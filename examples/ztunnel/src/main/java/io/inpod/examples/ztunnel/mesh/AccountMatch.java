package io.inpod.examples.ztunnel.mesh;

/**
 * A service account, of any trust domain.
 *
 * @param namespace its Kubernetes namespace
 * @param serviceAccount its name
 */
public record AccountMatch(String namespace, String serviceAccount) {}
