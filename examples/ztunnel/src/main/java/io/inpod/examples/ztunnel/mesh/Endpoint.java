package io.inpod.examples.ztunnel.mesh;

/**
 * A workload that serves a service.
 *
 * @param workloadUid the workload's key
 * @param ports its own ports for the service, which take precedence over the service's
 * @param healthy whether it is able to serve, as the service says; the workload must be healthy too
 */
public record Endpoint(String workloadUid, Ports ports, boolean healthy) {}
