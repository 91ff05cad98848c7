package io.inpod.netlink;

import static io.inpod.netlink.LinkMessages.header;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The network interfaces of one namespace, see ip-link(8). A name has 1 to 15 bytes without space, colon and slash, and a new one no
 * percent sign. An existing interface is also found by its alternative names, of 1 to 127 bytes.
 */
public final class Links {
    private final NetlinkSocket socket;

    Links(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Lists all interfaces.
     *
     * @return the interfaces, by index
     * @throws IOException if the kernel refuses
     */
    public List<Link> list() throws IOException {
        List<Link> links = new ArrayList<>();
        for (NetlinkMessage message : socket.dump(LinkMessages.get("list links", "all", 0))) {
            links.add(LinkMessages.parse(message));
        }
        return List.copyOf(links);
    }

    /**
     * Lists the first interfaces of a namespace in which somebody else may have created any number of them.
     *
     * @param most how many are listed at most
     * @return the interfaces
     * @throws IOException if the kernel refuses
     */
    public List<Link> first(int most) throws IOException {
        List<Link> links = new ArrayList<>();
        for (NetlinkMessage message : socket.beginningOfDump(LinkMessages.get("list links", "the first " + most, 0), most)) {
            links.add(LinkMessages.parse(message));
        }
        return List.copyOf(links);
    }

    /**
     * Returns an interface.
     *
     * @param name its name, or one of its alternative names
     * @return the interface
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if there is no interface of that name
     * @throws IOException if the kernel refuses
     */
    public Link get(String name) throws IOException {
        List<NetlinkMessage> found = socket.query(LinkMessages.find(name));
        if (found.isEmpty()) {
            throw new MalformedAnswerException("find link on " + name + ": acknowledged without an answer");
        }
        return LinkMessages.parse(found.get(0));
    }

    /**
     * Returns what all interfaces have carried.
     *
     * @return the statistics by the interfaces' names, in the order of their indices
     * @throws IOException if the kernel refuses
     */
    public Map<String, LinkStatistics> statistics() throws IOException {
        Map<String, LinkStatistics> found = new LinkedHashMap<>();
        for (NetlinkMessage message : socket.dump(LinkMessages.getWithStatistics("all"))) {
            found.put(LinkMessages.parse(message).name(), LinkMessages.statistics(message));
        }
        return Collections.unmodifiableMap(found);
    }

    /**
     * Returns what an interface has carried.
     *
     * @param name its name, or one of its alternative names
     * @return the statistics
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if there is no interface of that name
     * @throws IOException if the kernel refuses
     */
    public LinkStatistics statistics(String name) throws IOException {
        List<NetlinkMessage> found = socket.query(LinkMessages.findWithStatistics(name));
        if (found.isEmpty()) {
            throw new MalformedAnswerException("find link on " + name + ": acknowledged without an answer");
        }
        return LinkMessages.statistics(found.get(0));
    }

    /**
     * Gives an interface another name, by which it is found as well. Linux 5.5 or later.
     *
     * @param name the interface
     * @param alternative the other name, of 1 to 127 bytes
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if an interface has that name already
     * @throws IOException if the interface doesn't exist or the kernel refuses
     * @throws IllegalArgumentException if the other name is malformed
     */
    public void addAlternativeName(String name, String alternative) throws IOException {
        property(name, alternative, LinkMessages.NEW_PROPERTY,
                NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE | NetlinkRequest.APPEND);
    }

    /**
     * Takes a name from an interface that {@link #addAlternativeName} has given it.
     *
     * @param name the interface
     * @param alternative the other name
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if the interface has no such name
     * @throws IOException if the interface doesn't exist or the kernel refuses
     * @throws IllegalArgumentException if the other name is malformed
     */
    public void deleteAlternativeName(String name, String alternative) throws IOException {
        property(name, alternative, LinkMessages.DELETE_PROPERTY, 0);
    }

    private void property(String name, String alternative, int type, int flags) throws IOException {
        LinkMessages.checkAlternativeName(alternative);
        NetlinkRequest request = new NetlinkRequest(
                (flags == 0 ? "delete" : "add") + " alternative name " + alternative, name, type, flags);
        socket.execute(header(request, get(name).index(), 0, 0).nested(LinkMessages.NESTED | LinkMessages.PROPERTIES,
                list -> list.string(LinkMessages.ALTERNATIVE_NAME, alternative)));
    }

    /**
     * Finds an interface that may not exist.
     *
     * @param name the name, or alternative name, to look for
     * @return the interface; empty if there is none of that name
     * @throws IOException if the kernel refuses
     */
    public Optional<Link> find(String name) throws IOException {
        try {
            return Optional.of(get(name));
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Creates a virtual Ethernet pair, see veth(4).
     *
     * @param name the name of the end in this namespace
     * @param peerName the name of the peer
     * @param peerNamespace the namespace of the peer
     * @throws IOException if a name is taken or the kernel refuses
     * @throws IllegalArgumentException if a name is malformed
     */
    public void createVeth(String name, String peerName, NetworkNamespace peerNamespace) throws IOException {
        create(NewLink.veth(name, peerName, peerNamespace));
    }

    /**
     * Creates a virtual Ethernet pair with both ends in this namespace, see veth(4).
     *
     * @param name the name of one end
     * @param peerName the name of the other end
     * @throws IOException if a name is taken or the kernel refuses
     * @throws IllegalArgumentException if a name is malformed
     */
    public void createVeth(String name, String peerName) throws IOException {
        create(NewLink.veth(name, peerName));
    }

    /**
     * Creates a bridge.
     *
     * @param name the name of the bridge
     * @throws IOException if the name is taken or the kernel refuses
     * @throws IllegalArgumentException if the name is malformed
     */
    public void createBridge(String name) throws IOException {
        create(NewLink.bridge(name));
    }

    /**
     * Creates an interface.
     *
     * @param link what is to be created
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if the name is taken; EOPNOTSUPP if the kernel hasn't the kind
     * @throws IOException if the parent doesn't exist, a namespace is closed, or the kernel refuses
     */
    public void create(NewLink link) throws IOException {
        NewLinkMessages.create(socket, this, link);
    }

    /**
     * Adds an interface to a bridge.
     *
     * @param name the interface
     * @param master the bridge
     * @throws IOException if either doesn't exist or the kernel refuses
     */
    public void setMaster(String name, String master) throws IOException {
        socket.execute(change(name, 0, 0).u32(LinkMessages.MASTER, get(master).index()));
    }

    /**
     * Removes an interface from its bridge. Does nothing if it is in none.
     *
     * @param name the interface
     * @throws IOException if it doesn't exist or the kernel refuses
     */
    public void clearMaster(String name) throws IOException {
        socket.execute(change(name, 0, 0).u32(LinkMessages.MASTER, 0));
    }

    /**
     * Sets an interface administratively up.
     *
     * @param name the interface
     * @throws IOException if it doesn't exist or the kernel refuses
     */
    public void up(String name) throws IOException {
        socket.execute(change(name, LinkMessages.UP, LinkMessages.UP));
    }

    /**
     * Sets an interface administratively down.
     *
     * @param name the interface
     * @throws IOException if it doesn't exist or the kernel refuses
     */
    public void down(String name) throws IOException {
        socket.execute(change(name, 0, LinkMessages.UP));
    }

    /**
     * Sets the largest packet that an interface carries.
     *
     * @param name the interface
     * @param mtu the size in bytes; the driver determines the range
     * @throws IOException if it doesn't exist or the kernel refuses
     */
    public void setMtu(String name, int mtu) throws IOException {
        socket.execute(change(name, 0, 0).u32(LinkMessages.MTU, mtu));
    }

    /**
     * Sets of how many segments a packet may consist that the kernel hands to an interface (IFLA_GSO_MAX_SEGS).
     *
     * @param name the interface
     * @param segments the number, 1 to 65535; with 1 the kernel segments all packets before it hands them over
     * @throws IOException if the interface doesn't exist or the kernel refuses
     */
    public void setMaxSegments(String name, int segments) throws IOException {
        socket.execute(change(name, 0, 0).u32(LinkMessages.GSO_MAX_SEGMENTS, segments));
    }

    /**
     * Sets an interface's hardware address.
     *
     * @param name the interface
     * @param address a unicast address
     * @throws IOException if it doesn't exist or the kernel refuses
     */
    public void setAddress(String name, MacAddress address) throws IOException {
        socket.execute(change(name, 0, 0).bytes(LinkMessages.ADDRESS, address.bytes()));
    }

    /**
     * Renames an interface. Before Linux 6.2 it must be down.
     *
     * @param name the interface
     * @param newName its new name
     * @throws IOException if it doesn't exist, the new name is taken, or the kernel refuses
     * @throws IllegalArgumentException if the new name is malformed
     */
    public void rename(String name, String newName) throws IOException {
        socket.execute(change(name, 0, 0).string(LinkMessages.NAME, LinkMessages.checkNewName(newName)));
    }

    /**
     * Moves an interface to another namespace. It is down there and has no addresses.
     *
     * @param name the interface
     * @param namespace the target namespace
     * @throws IOException if it doesn't exist or can't be moved, its name is taken in the target namespace, or the kernel refuses
     */
    public void moveTo(String name, NetworkNamespace namespace) throws IOException {
        int target = namespace.fd().acquire();
        try {
            socket.execute(change(name, 0, 0).u32(LinkMessages.NAMESPACE_FD, target));
        } finally {
            namespace.fd().release();
        }
    }

    private NetlinkRequest change(String name, int flags, int mask) throws IOException {
        return header(new NetlinkRequest("change link", name, LinkMessages.NEW, 0), get(name).index(), flags, mask);
    }

    /**
     * Deletes an interface. Deleting one end of a veth pair deletes the other too.
     *
     * @param name the interface
     * @throws IOException if it doesn't exist or the kernel refuses
     */
    public void delete(String name) throws IOException {
        socket.execute(header(new NetlinkRequest("delete link", name, LinkMessages.DELETE, 0), get(name).index(), 0, 0));
    }
}
