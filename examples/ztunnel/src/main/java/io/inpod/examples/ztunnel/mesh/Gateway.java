package io.inpod.examples.ztunnel.mesh;

/**
 * Where traffic goes first: a waypoint, or the gateway of another network.
 *
 * @param destination its address or name
 * @param hbonePort the port at which it accepts tunnels
 */
public record Gateway(GatewayDestination destination, int hbonePort) {
    /** {@return the form in which it is shown, such as {@code default/waypoint.default.svc.cluster.local:15008}} */
    @Override
    public String toString() {
        return destination + ":" + hbonePort;
    }
}
