package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** The kind of a new interface, with what the kind needs, see {@code TYPE} in ip-link(8). {@link NewLink} has a method for each. */
public sealed interface LinkKind {
    /** {@return the kernel's name for the kind, such as {@code "vlan"}} */
    String driver();

    /** An interface that drops what is sent to it. */
    record Dummy() implements LinkKind {
        @Override
        public String driver() {
            return "dummy";
        }
    }

    /** A bridge. */
    record Bridge() implements LinkKind {
        @Override
        public String driver() {
            return "bridge";
        }
    }

    /** An interface of WireGuard, without keys and peers: wg(8) sets those. It has no hardware address. */
    record Wireguard() implements LinkKind {
        @Override
        public String driver() {
            return "wireguard";
        }
    }

    /**
     * A virtual Ethernet pair, see veth(4).
     *
     * @param peer the name of the other end
     * @param peerNamespace the namespace of the other end; null for that in which the pair is created
     */
    record Veth(String peer, @Nullable NetworkNamespace peerNamespace) implements LinkKind {
        /**
         * Checks the name.
         *
         * @param peer see {@link Veth}
         * @param peerNamespace see {@link Veth}
         * @throws IllegalArgumentException if it is malformed
         */
        public Veth {
            LinkMessages.checkNewName(peer);
        }

        @Override
        public String driver() {
            return "veth";
        }
    }

    /**
     * The packets of one VLAN of another interface, IEEE 802.1Q.
     *
     * @param parent the other interface
     * @param id the VLAN's number, 0 to 4094
     */
    record Vlan(String parent, int id) implements LinkKind {
        private static final int MOST = 4094;

        /**
         * Checks the number.
         *
         * @param parent see {@link Vlan}
         * @param id see {@link Vlan}
         * @throws IllegalArgumentException if it is out of range
         */
        public Vlan {
            if (id < 0 || id > MOST) {
                throw new IllegalArgumentException("id of a VLAN is 0 to " + MOST + ", not " + id);
            }
        }

        @Override
        public String driver() {
            return "vlan";
        }
    }

    /**
     * An interface with a hardware address of its own on the medium of another one.
     *
     * @param parent the other interface
     * @param mode whom it can reach
     */
    record Macvlan(String parent, Mode mode) implements LinkKind {
        /** Whom an interface can reach, MACVLAN_MODE_ of linux/if_link.h. */
        public enum Mode {
            /** No other interface on the same parent. */
            PRIVATE(1),
            /** The others by way of a switch outside that sends frames back. */
            VEPA(2),
            /** The others directly. */
            BRIDGE(4),
            /** It is the only one on its parent, and has its hardware address. */
            PASSTHRU(8);

            private final int number;

            Mode(int number) {
                this.number = number;
            }

            int number() {
                return number;
            }
        }

        @Override
        public String driver() {
            return "macvlan";
        }
    }

    /**
     * An interface with the hardware address of another one, and IP addresses of its own.
     *
     * @param parent the other interface
     * @param layer at which layer the two are divided
     */
    record Ipvlan(String parent, Layer layer) implements LinkKind {
        /** At which layer the two are divided; the numbers are IPVLAN_MODE_ of linux/if_link.h. */
        public enum Layer {
            /** Each has its own neighbours, and receives broadcasts. */
            L2,
            /** The parent routes for all. */
            L3,
            /** As {@link #L3}, but packets pass through the parent's netfilter. */
            L3S
        }

        @Override
        public String driver() {
            return "ipvlan";
        }
    }

    /**
     * A VXLAN, RFC 7348.
     *
     * @param id its identifier (VNI), 0 to 16777215
     * @param port the UDP port to which it sends and at which it receives, 1 to 65535; usually {@link #PORT}
     * @param remote where packets are sent whose receiver isn't known: a host, or a multicast group; null for nowhere
     * @param local the source address of packets; null to let the kernel choose
     * @param parent the interface through which packets leave; null to let the routes decide; a multicast group needs one
     */
    record Vxlan(int id, int port, @Nullable InetAddress remote, @Nullable InetAddress local, @Nullable String parent)
            implements
                LinkKind {
        /** The port that IANA has assigned. The kernel's own default is another one. */
        public static final int PORT = 4789;

        private static final int MOST_ID = 0xffffff;

        /**
         * Checks the values.
         *
         * @param id see {@link Vxlan}
         * @param port see {@link Vxlan}
         * @param remote see {@link Vxlan}
         * @param local see {@link Vxlan}
         * @param parent see {@link Vxlan}
         * @throws IllegalArgumentException naming the value that is out of range
         */
        public Vxlan {
            if (id < 0 || id > MOST_ID) {
                throw new IllegalArgumentException("id of a VXLAN is 0 to " + MOST_ID + ", not " + id);
            }
            if (port < 1 || port > 0xffff) {
                throw new IllegalArgumentException("port is 1 to 65535, not " + port);
            }
            if (remote != null && local != null && IpFamily.of(remote) != IpFamily.of(local)) {
                throw new IllegalArgumentException("remote " + remote.getHostAddress() + " and local " + local.getHostAddress()
                        + " must be of one family");
            }
            if (local != null && local.isMulticastAddress()) {
                throw new IllegalArgumentException("local must not be a multicast address, as " + local.getHostAddress() + " is");
            }
            if (remote != null && remote.isMulticastAddress() && parent == null) {
                throw new IllegalArgumentException("remote " + remote.getHostAddress() + " is a multicast address, and needs a parent");
            }
        }

        @Override
        public String driver() {
            return "vxlan";
        }
    }
}
