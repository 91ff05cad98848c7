package io.inpod.examples.ztunnel.mesh;

/** What a waypoint or a gateway is named by: an address, or the hostname of a service or of a workload. */
public sealed interface GatewayDestination permits NetworkAddress, ServiceName {}
