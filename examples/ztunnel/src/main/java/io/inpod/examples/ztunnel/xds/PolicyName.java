package io.inpod.examples.ztunnel.xds;

/**
 * The key of a policy in the mesh.
 *
 * @param fullName {@code namespace/name}
 */
record PolicyName(String fullName) {}
