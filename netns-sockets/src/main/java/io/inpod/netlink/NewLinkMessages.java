package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Messages that create interfaces: IFLA_ attributes of each kind, linux/if_link.h. */
final class NewLinkMessages {
    private static final int PARENT = 5;
    private static final int VLAN_ID = 1;
    private static final int MACVLAN_MODE = 1;
    private static final int IPVLAN_MODE = 1;
    private static final int IPVLAN_FLAGS = 2;
    private static final int VXLAN_ID = 1;
    private static final int VXLAN_REMOTE = 2;
    private static final int VXLAN_PARENT = 3;
    private static final int VXLAN_LOCAL = 4;
    private static final int VXLAN_LEARNING = 7;
    private static final int VXLAN_PORT = 15;
    private static final int VXLAN_REMOTE6 = 16;
    private static final int VXLAN_LOCAL6 = 17;

    private NewLinkMessages() {}

    /** Creates it with the descriptors of its namespaces, which stay open meanwhile. */
    static void create(NetlinkSocket socket, Links links, NewLink link) throws IOException {
        List<NetworkNamespace> held = new ArrayList<>();
        try {
            int namespace = hold(link.namespace(), held);
            int peer = hold(link.kind() instanceof LinkKind.Veth veth ? veth.peerNamespace() : null, held);
            socket.execute(request(link, parent(links, link.kind()), namespace, peer));
        } finally {
            held.forEach(open -> open.fd().release());
        }
    }

    private static int hold(@Nullable NetworkNamespace namespace, List<NetworkNamespace> held) throws IOException {
        if (namespace == null) {
            return -1;
        }
        int number = namespace.fd().acquire();
        held.add(namespace);
        return number;
    }

    private static int parent(Links links, LinkKind kind) throws IOException {
        String name = kind instanceof LinkKind.Vlan vlan ? vlan.parent()
                : kind instanceof LinkKind.Macvlan macvlan ? macvlan.parent()
                        : kind instanceof LinkKind.Ipvlan ipvlan ? ipvlan.parent()
                                : kind instanceof LinkKind.Vxlan vxlan ? vxlan.parent() : null;
        return name == null ? 0 : links.get(name).index();
    }

    private static NetlinkRequest request(NewLink link, int parent, int namespace, int peerNamespace) {
        LinkKind kind = link.kind();
        String subject = kind.driver() + " " + link.name() + (kind instanceof LinkKind.Veth veth ? " with " + veth.peer() : "");
        NetlinkRequest request =
                new NetlinkRequest("add link", subject, LinkMessages.NEW, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE);
        int up = link.isUp() ? LinkMessages.UP : 0;
        LinkMessages.header(request, 0, up, up).string(LinkMessages.NAME, link.name());
        if (link.mtu() != 0) {
            request.u32(LinkMessages.MTU, link.mtu());
        }
        MacAddress address = link.address();
        if (address != null) {
            request.bytes(LinkMessages.ADDRESS, address.bytes());
        }
        if (parent != 0 && !(kind instanceof LinkKind.Vxlan)) {
            request.u32(PARENT, parent);
        }
        if (namespace >= 0) {
            request.u32(LinkMessages.NAMESPACE_FD, namespace);
        }
        return request.nested(LinkMessages.INFO, info -> {
            info.string(LinkMessages.INFO_KIND, kind.driver());
            if (!(kind instanceof LinkKind.Dummy || kind instanceof LinkKind.Bridge || kind instanceof LinkKind.Wireguard)) {
                info.nested(LinkMessages.INFO_DATA, data -> data(data, kind, parent, peerNamespace));
            }
        });
    }

    private static void data(NetlinkRequest data, LinkKind kind, int parent, int peerNamespace) {
        if (kind instanceof LinkKind.Veth veth) {
            data.nested(LinkMessages.VETH_PEER, peer -> {
                LinkMessages.header(peer, 0, 0, 0).string(LinkMessages.NAME, veth.peer());
                if (peerNamespace >= 0) {
                    peer.u32(LinkMessages.NAMESPACE_FD, peerNamespace);
                }
            });
        } else if (kind instanceof LinkKind.Vlan vlan) {
            data.u16(VLAN_ID, vlan.id());
        } else if (kind instanceof LinkKind.Macvlan macvlan) {
            data.u32(MACVLAN_MODE, macvlan.mode().number());
        } else if (kind instanceof LinkKind.Ipvlan ipvlan) {
            data.u16(IPVLAN_MODE, ipvlan.layer().ordinal()).u16(IPVLAN_FLAGS, 0);
        } else if (kind instanceof LinkKind.Vxlan vxlan) {
            data.u32(VXLAN_ID, vxlan.id()).be16(VXLAN_PORT, vxlan.port()).bytes(VXLAN_LEARNING, new byte[] {1});
            address(data, VXLAN_REMOTE, VXLAN_REMOTE6, vxlan.remote());
            address(data, VXLAN_LOCAL, VXLAN_LOCAL6, vxlan.local());
            if (parent != 0) {
                data.u32(VXLAN_PARENT, parent);
            }
        }
    }

    private static void address(NetlinkRequest data, int v4, int v6, @Nullable InetAddress address) {
        if (address != null) {
            data.bytes(IpFamily.of(address) == IpFamily.V4 ? v4 : v6, address.getAddress());
        }
    }
}
