package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.fault.Endpoint;
import java.net.Inet4Address;

/**
 * A pod: a network namespace with loopback, an interface {@code eth0} and a default route.
 *
 * @param name its name
 * @param namespace its network namespace, owned by the {@link PodNetwork}
 * @param address its IPv4 address
 * @param link the name of its veth peer in the node
 */
public record Pod(String name, NetworkNamespace namespace, Inet4Address address, String link) implements Endpoint {}
