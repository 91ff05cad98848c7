package io.inpod.examples.ztunnel.xds;

/**
 * What this proxy has of a resource.
 *
 * @param key its key in the mesh: a workload's uid, a {@code ServiceName} or a {@link PolicyName}
 * @param version the version that the server gave it; "" if it gave none, or if the latest version couldn't be used
 */
record Held(Object key, String version) {}
