package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Ndmsg;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The neighbours (ARP and IPv6 neighbour discovery) on the links of one namespace. */
public final class Neighbours {
    static final int NEW = 28;
    static final int DELETE = 29;
    private static final int GET = 30;
    private static final int ADDRESS = 1;
    private static final int HARDWARE = 2;
    private static final int PROTOCOL = 12;

    /** Attributes that an entry represents, or that count its use. */
    private static final Set<Integer> KNOWN = Set.of(ADDRESS, HARDWARE, 3, 4);

    /** The words of ip-neighbour(8) for flags, NTF_ of linux/neighbour.h. */
    private static final Map<Integer, String> MARKS = Map.of(0x08, "proxy", 0x10, "extern_learn", 0x40, "sticky", 0x80, "router");

    private final NetlinkSocket socket;
    private final Links links;

    Neighbours(NetlinkSocket socket, Links links) {
        this.socket = socket;
        this.links = links;
    }

    /**
     * Adds an entry.
     *
     * @param neighbour the entry
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if there is an entry for the address on the link
     * @throws IOException if the interface doesn't exist or the kernel refuses
     * @throws IllegalArgumentException if the entry has {@linkplain Neighbour#others what would be lost}
     */
    public void add(Neighbour neighbour) throws IOException {
        socket.execute(
                whole(new NetlinkRequest("add neighbour", neighbour, NEW, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE), neighbour));
    }

    /**
     * Adds an entry. Replaces the entry for the address on the link if there is one.
     *
     * @param neighbour the new entry
     * @throws IOException if the interface doesn't exist or the kernel refuses
     * @throws IllegalArgumentException as for {@link #add}
     */
    public void replace(Neighbour neighbour) throws IOException {
        socket.execute(
                whole(new NetlinkRequest("replace neighbour", neighbour, NEW, NetlinkRequest.CREATE | NetlinkRequest.REPLACE), neighbour));
    }

    /**
     * Deletes the entry for an address on a link.
     *
     * @param neighbour the entry to delete; only its link and address are used
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if there is no such entry
     * @throws IOException if the interface doesn't exist or the kernel refuses
     */
    public void delete(Neighbour neighbour) throws IOException {
        socket.execute(fill(new NetlinkRequest("delete neighbour", neighbour, DELETE, 0), neighbour));
    }

    private NetlinkRequest whole(NetlinkRequest request, Neighbour neighbour) throws IOException {
        if (!neighbour.others().isEmpty()) {
            throw new IllegalArgumentException("\"" + neighbour + "\" has what isn't represented in full, and would be lost");
        }
        MacAddress hardware = neighbour.hardware();
        fill(request, neighbour);
        return hardware == null ? request : request.bytes(HARDWARE, hardware.bytes());
    }

    private NetlinkRequest fill(NetlinkRequest request, Neighbour neighbour) throws IOException {
        return request.struct(Ndmsg.STRUCT)
                .set(Ndmsg.FAMILY, IpFamily.of(neighbour.address()).number())
                .set(Ndmsg.INDEX, links.get(neighbour.link()).index())
                .set(Ndmsg.STATE, neighbour.state().number())
                .bytes(ADDRESS, neighbour.address().getAddress());
    }

    /**
     * Lists the entries of all interfaces.
     *
     * @param family the family of the addresses
     * @return the entries, in the kernel's order
     * @throws IOException if the kernel refuses
     */
    public List<Neighbour> list(IpFamily family) throws IOException {
        NetlinkRequest request =
                new NetlinkRequest("list neighbours", family, GET, 0).struct(Ndmsg.STRUCT).set(Ndmsg.FAMILY, family.number());
        List<NetlinkMessage> messages = socket.dump(request);
        LinkNames names = LinkNames.of(links.list());
        List<Neighbour> found = new ArrayList<>();
        for (NetlinkMessage message : messages) {
            Neighbour neighbour = parse(message, names);
            if (neighbour != null && IpFamily.of(neighbour.address()) == family) {
                found.add(neighbour);
            }
        }
        return List.copyOf(found);
    }

    /** Null for a family that isn't IP: the forwarding entries of a bridge are neighbours too. */
    static @Nullable Neighbour parse(NetlinkMessage message, LinkNames names) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(Ndmsg.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(Ndmsg.FAMILY));
        if (family == null) {
            return null;
        }
        InetAddress address = NetlinkMessage.address(family, attributes.get(ADDRESS));
        if (address == null) {
            throw new MalformedAnswerException("a neighbour has no address");
        }
        return new Neighbour(names.require(message.get(Ndmsg.INDEX)), address, MacAddress.of(attributes.get(HARDWARE)),
                Neighbour.State.of(message.get(Ndmsg.STATE)), others(message.get(Ndmsg.FLAGS), attributes.keySet()));
    }

    private static Set<String> others(int flags, Set<Integer> attributes) {
        Set<String> others = new TreeSet<>();
        MARKS.forEach((flag, word) -> {
            if ((flags & flag) != 0) {
                others.add(word);
            }
        });
        attributes.stream().filter(type -> !KNOWN.contains(type))
                .forEach(type -> others.add(type == PROTOCOL ? "proto" : "attribute " + type));
        return others;
    }
}
