package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** The network interfaces of one namespace. */
public final class Links {
    private static final int NEW_LINK = 16;
    private static final int DELETE_LINK = 17;
    private static final int GET_LINK = 18;
    private static final int IFINFO_BYTES = 16;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_MASTER = 10;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int INFO_KIND = 1;
    private static final int INFO_DATA = 2;
    private static final int VETH_INFO_PEER = 1;
    private static final int IFF_UP = 1;

    private final NetlinkSocket socket;

    Links(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Lists them.
     *
     * @return all, by index
     * @throws IOException if the kernel refuses
     */
    public List<Link> list() throws IOException {
        NetlinkRequest request = header(new NetlinkRequest("list links", "all", GET_LINK, 0), 0, 0, 0);
        return socket.dump(request).stream().map(Links::parse).toList();
    }

    private static Link parse(NetlinkMessage message) {
        Map<Integer, ByteBuffer> attributes = message.attributes(IFINFO_BYTES);
        String name = NetlinkMessage.string(attributes.get(IFLA_IFNAME));
        int flags = message.payload().getInt(8);
        return new Link(message.payload().getInt(4), name == null ? "" : name, (flags & IFF_UP) != 0, NetlinkMessage.u32(attributes.get(IFLA_MTU), 0));
    }

    /**
     * Finds one.
     *
     * @param name its name
     * @return the interface
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if there is none of that name
     * @throws IOException if the kernel refuses
     */
    public Link get(String name) throws IOException {
        for (Link link : list()) {
            if (link.name().equals(name)) {
                return link;
            }
        }
        throw new NetlinkException("find link", name, 19, "ENODEV", "no such network interface");
    }

    /**
     * Creates a virtual Ethernet pair, see veth(4).
     *
     * @param name of the end in this namespace
     * @param peerName of the other end
     * @param peerNamespace where the other end is created
     * @throws IOException if a name is taken or the kernel refuses
     */
    public void createVeth(String name, String peerName, NetworkNamespace peerNamespace) throws IOException {
        int peer = peerNamespace.fd().acquire();
        try {
            socket.execute(header(create("veth " + name + " with " + peerName), 0, 0, 0)
                    .string(IFLA_IFNAME, name)
                    .nested(IFLA_LINKINFO, info -> info.string(INFO_KIND, "veth")
                            .nested(INFO_DATA, data -> data.nested(VETH_INFO_PEER, end -> header(end, 0, 0, 0)
                                    .string(IFLA_IFNAME, peerName)
                                    .u32(IFLA_NET_NS_FD, peer)))));
        } finally {
            peerNamespace.fd().release();
        }
    }

    /**
     * Creates a bridge.
     *
     * @param name its name
     * @throws IOException if the name is taken or the kernel refuses
     */
    public void createBridge(String name) throws IOException {
        socket.execute(header(create("bridge " + name), 0, 0, 0)
                .string(IFLA_IFNAME, name)
                .nested(IFLA_LINKINFO, info -> info.string(INFO_KIND, "bridge")));
    }

    private static NetlinkRequest create(String subject) {
        return new NetlinkRequest("add link", subject, NEW_LINK, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE);
    }

    /**
     * Puts an interface into a bridge.
     *
     * @param name the interface
     * @param master the bridge
     * @throws IOException if either isn't there or the kernel refuses
     */
    public void setMaster(String name, String master) throws IOException {
        socket.execute(header(change(name), get(name).index(), 0, 0).u32(IFLA_MASTER, get(master).index()));
    }

    /**
     * Sets an interface administratively up.
     *
     * @param name the interface
     * @throws IOException if it isn't there or the kernel refuses
     */
    public void up(String name) throws IOException {
        socket.execute(header(change(name), get(name).index(), IFF_UP, IFF_UP));
    }

    /**
     * Sets an interface administratively down.
     *
     * @param name the interface
     * @throws IOException if it isn't there or the kernel refuses
     */
    public void down(String name) throws IOException {
        socket.execute(header(change(name), get(name).index(), 0, IFF_UP));
    }

    private static NetlinkRequest change(String name) {
        return new NetlinkRequest("change link", name, NEW_LINK, 0);
    }

    /**
     * Deletes an interface; with one end of a veth pair the other goes too.
     *
     * @param name the interface
     * @throws IOException if it isn't there or the kernel refuses
     */
    public void delete(String name) throws IOException {
        socket.execute(header(new NetlinkRequest("delete link", name, DELETE_LINK, 0), get(name).index(), 0, 0));
    }

    /** struct ifinfomsg. */
    private static NetlinkRequest header(NetlinkRequest request, int index, int flags, int changeMask) {
        return request.u8(0).u8(0).u16(0).u32(index).u32(flags).u32(changeMask);
    }
}
