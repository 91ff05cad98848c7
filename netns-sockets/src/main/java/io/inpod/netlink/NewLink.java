package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A network interface that is to be created by {@link Links#create}. There is a method for each kind; those that begin with {@code with},
 * and {@link #in} and {@link #up}, return copies.
 *
 * <pre>{@code
 * network.links().create(NewLink.macvlan("eth0", "uplink", LinkKind.Macvlan.Mode.BRIDGE).in(pod).withMtu(1400).up());
 * }</pre>
 *
 * @param name its name
 * @param kind its kind
 * @param mtu the largest packet that it carries, in bytes, 68 to 65535; 0 for the driver's default. The driver may have a narrower range,
 *     and the kernel refuses what is outside
 * @param address its hardware address, of one receiver; null to let the kernel choose
 * @param namespace the namespace in which it is created; null for that of its parent
 * @param isUp whether it is administratively up from the beginning
 */
public record NewLink(
        String name, LinkKind kind, int mtu, @Nullable MacAddress address, @Nullable NetworkNamespace namespace, boolean isUp) {
    private static final int LEAST_MTU = 68;
    private static final int MOST_MTU = 65535;
    private static final int NOT_UNICAST = 1;

    /**
     * Checks the values.
     *
     * @param name see {@link NewLink}
     * @param kind see {@link NewLink}
     * @param mtu see {@link NewLink}
     * @param address see {@link NewLink}
     * @param namespace see {@link NewLink}
     * @param isUp see {@link NewLink}
     * @throws IllegalArgumentException naming the value that is out of range, or that the kind can't have
     */
    public NewLink {
        LinkMessages.checkNewName(name);
        if (mtu != 0 && (mtu < LEAST_MTU || mtu > MOST_MTU)) {
            throw new IllegalArgumentException("mtu is " + LEAST_MTU + " to " + MOST_MTU + ", not " + mtu);
        }
        if (address != null) {
            if (address.value() == 0 || (address.bytes()[0] & NOT_UNICAST) != 0) {
                throw new IllegalArgumentException("address " + address + " isn't that of one receiver");
            }
            boolean ofParent = kind instanceof LinkKind.Macvlan macvlan && macvlan.mode() == LinkKind.Macvlan.Mode.PASSTHRU
                    || kind instanceof LinkKind.Ipvlan;
            if (ofParent || kind instanceof LinkKind.Wireguard) {
                throw new IllegalArgumentException("address " + address + ": " + kind.driver()
                        + (ofParent ? " takes its parent's hardware address" : " has no hardware address"));
            }
        }
    }

    private NewLink(String name, LinkKind kind) {
        this(name, kind, 0, null, null, false);
    }

    /**
     * Returns an interface that drops what is sent to it.
     *
     * @param name its name
     * @return the interface
     */
    public static NewLink dummy(String name) {
        return new NewLink(name, new LinkKind.Dummy());
    }

    /**
     * Returns a bridge.
     *
     * @param name its name
     * @return the interface
     */
    public static NewLink bridge(String name) {
        return new NewLink(name, new LinkKind.Bridge());
    }

    /**
     * Returns an interface of WireGuard, without keys and peers.
     *
     * @param name its name
     * @return the interface
     */
    public static NewLink wireguard(String name) {
        return new NewLink(name, new LinkKind.Wireguard());
    }

    /**
     * Returns a virtual Ethernet pair with both ends in one namespace.
     *
     * @param name the name of one end
     * @param peer the name of the other end
     * @return the interface
     */
    public static NewLink veth(String name, String peer) {
        return new NewLink(name, new LinkKind.Veth(peer, null));
    }

    /**
     * Returns a virtual Ethernet pair between two namespaces.
     *
     * @param name the name of one end
     * @param peer the name of the other end
     * @param peerNamespace the namespace of the other end
     * @return the interface
     */
    public static NewLink veth(String name, String peer, NetworkNamespace peerNamespace) {
        return new NewLink(name, new LinkKind.Veth(peer, peerNamespace));
    }

    /**
     * Returns an interface for one VLAN of another interface.
     *
     * @param name its name
     * @param parent the other interface
     * @param id the VLAN's number, 0 to 4094
     * @return the interface
     */
    public static NewLink vlan(String name, String parent, int id) {
        return new NewLink(name, new LinkKind.Vlan(parent, id));
    }

    /**
     * Returns an interface with a hardware address of its own on the medium of another one.
     *
     * @param name its name
     * @param parent the other interface
     * @param mode whom it can reach
     * @return the interface
     */
    public static NewLink macvlan(String name, String parent, LinkKind.Macvlan.Mode mode) {
        return new NewLink(name, new LinkKind.Macvlan(parent, mode));
    }

    /**
     * Returns an interface with the hardware address of another one, and IP addresses of its own.
     *
     * @param name its name
     * @param parent the other interface
     * @param layer at which layer the two are divided
     * @return the interface
     */
    public static NewLink ipvlan(String name, String parent, LinkKind.Ipvlan.Layer layer) {
        return new NewLink(name, new LinkKind.Ipvlan(parent, layer));
    }

    /**
     * Returns a VXLAN between hosts, on the port {@link LinkKind.Vxlan#PORT}. Other forms: {@code new NewLink(...)} with a
     * {@link LinkKind.Vxlan}.
     *
     * @param name its name
     * @param id its identifier (VNI), 0 to 16777215
     * @param remote where packets are sent whose receiver isn't known
     * @return the interface
     */
    public static NewLink vxlan(String name, int id, InetAddress remote) {
        return new NewLink(name, new LinkKind.Vxlan(id, LinkKind.Vxlan.PORT, remote, null, null));
    }

    /**
     * Sets the largest packet that it carries.
     *
     * @param value in bytes, 68 to 65535
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public NewLink withMtu(int value) {
        return new NewLink(name, kind, value, address, namespace, isUp);
    }

    /**
     * Sets its hardware address.
     *
     * @param value an address of one receiver
     * @return a copy with it
     * @throws IllegalArgumentException if it isn't one, or the kind can't have an address of its own
     */
    public NewLink withAddress(MacAddress value) {
        return new NewLink(name, kind, mtu, value, namespace, isUp);
    }

    /**
     * Creates it in another namespace than that of its parent: it is never seen in the latter.
     *
     * @param value the namespace, open until it has been created
     * @return a copy with it
     */
    public NewLink in(NetworkNamespace value) {
        return new NewLink(name, kind, mtu, address, value, isUp);
    }

    /** {@return a copy that is administratively up from the beginning} */
    public NewLink up() {
        return new NewLink(name, kind, mtu, address, namespace, true);
    }
}
