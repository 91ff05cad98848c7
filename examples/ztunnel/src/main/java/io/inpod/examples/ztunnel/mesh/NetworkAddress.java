package io.inpod.examples.ztunnel.mesh;

import io.netty.util.NetUtil;
import java.net.InetAddress;

/**
 * An IP address in one of the mesh's networks: the same address may exist in two networks.
 *
 * @param network the network's name; "" is the name of the only network of a mesh without names for them
 * @param address the address, never an IPv4 address mapped to IPv6
 */
public record NetworkAddress(String network, InetAddress address) implements GatewayDestination {
    /** {@return the form of the configuration and of the control plane, such as {@code network/fd00::1}; RFC 5952 for IPv6} */
    @Override
    public String toString() {
        return network + "/" + NetUtil.toAddressString(address);
    }
}
