package io.inpod.netlink;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network interface.
 *
 * @param index its number in its namespace, at least 1
 * @param name its name, at most 15 bytes
 * @param up whether it is administratively up
 * @param mtu the largest packet that it carries, in bytes
 * @param running whether it is ready to carry packets: up, and its peer too
 * @param kind its driver, such as {@code "veth"} or {@code "bridge"}; null for a physical device and loopback
 * @param address its hardware address; null if it has none, or not an Ethernet address
 * @param master index of the bridge, bond or VRF that it belongs to, or 0
 * @param peer index, in the peer's namespace, of a veth's peer or of the interface that this one is stacked on, or 0
 * @param peerNamespace this namespace's id for the peer's namespace, see ip-netns(8); -1 if that is the same namespace or has no id
 * @param alternativeNames other names by which it is found, of 1 to 127 bytes, see {@code ip link property}
 */
public record Link(
        int index,
        String name,
        boolean up,
        int mtu,
        boolean running,
        @Nullable String kind,
        @Nullable MacAddress address,
        int master,
        int peer,
        int peerNamespace,
        List<String> alternativeNames) {
    /**
     * Copies the list.
     *
     * @param index see {@link Link}
     * @param name see {@link Link}
     * @param up see {@link Link}
     * @param mtu see {@link Link}
     * @param running see {@link Link}
     * @param kind see {@link Link}
     * @param address see {@link Link}
     * @param master see {@link Link}
     * @param peer see {@link Link}
     * @param peerNamespace see {@link Link}
     * @param alternativeNames see {@link Link}
     */
    public Link {
        alternativeNames = List.copyOf(alternativeNames);
    }
}
