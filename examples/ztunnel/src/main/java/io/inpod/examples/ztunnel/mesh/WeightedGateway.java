package io.inpod.examples.ztunnel.mesh;

/**
 * One of several waypoints of a service.
 *
 * @param gateway the waypoint
 * @param weight its share of the connections, relative to the others'; 0 or more
 */
public record WeightedGateway(Gateway gateway, long weight) {}
