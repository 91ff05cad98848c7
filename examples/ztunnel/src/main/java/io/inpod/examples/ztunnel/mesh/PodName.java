package io.inpod.examples.ztunnel.mesh;

/**
 * The name of a pod.
 *
 * @param namespace its Kubernetes namespace
 * @param name its name in it
 */
record PodName(String namespace, String name) {}
