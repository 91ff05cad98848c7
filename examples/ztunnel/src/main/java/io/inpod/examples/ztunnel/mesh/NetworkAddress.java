package io.inpod.examples.ztunnel.mesh;

import java.net.InetAddress;

/**
 * An IP address in one of the mesh's networks: the same address may exist in two networks.
 *
 * @param network the network's name; "" is the name of the only network of a mesh without names for them
 * @param address the address, never an IPv4 address mapped to IPv6
 */
public record NetworkAddress(String network, InetAddress address) implements GatewayDestination {
    /** {@return the form of the configuration, such as {@code network/10.0.0.1}} */
    @Override
    public String toString() {
        return network + "/" + address.getHostAddress();
    }
}
