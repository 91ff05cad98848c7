package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Ifaddrmsg;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The addresses of the interfaces of one namespace. */
public final class Addresses {
    static final int NEW = 20;
    static final int DELETE = 21;
    private static final int GET = 22;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    /** IPv6 only: use the address immediately, without duplicate address detection. */
    private static final int IFA_F_NODAD = 0x02;

    private final NetlinkSocket socket;
    private final Links links;

    Addresses(NetlinkSocket socket, Links links) {
        this.socket = socket;
        this.links = links;
    }

    /**
     * Adds an address to an interface, see {@link #add(LinkAddress)}.
     *
     * @param link the interface's name
     * @param address the address
     * @param prefixLength length of the network part, 0 to 32 or 128 bits
     * @throws IOException if the interface has the address already or doesn't exist, or the kernel refuses
     */
    public void add(String link, InetAddress address, int prefixLength) throws IOException {
        add(new LinkAddress(link, address, prefixLength));
    }

    /**
     * Adds an address to an interface. IPv6's duplicate address detection is skipped, so no delay follows. An IPv6 address receives packets
     * as soon as a work queue of the kernel has added its local route, which takes longer than this method only on a busy machine.
     *
     * @param address the address to add
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if the interface has it already
     * @throws IOException if the interface doesn't exist or the kernel refuses
     */
    public void add(LinkAddress address) throws IOException {
        int flags = IpFamily.of(address.address()) == IpFamily.V6 ? IFA_F_NODAD : 0;
        socket.execute(
                fill(new NetlinkRequest("add address", address.toString(), NEW, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE), address)
                        .set(Ifaddrmsg.FLAGS, flags));
    }

    /**
     * Deletes an address from an interface.
     *
     * @param address the address to delete
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if the interface doesn't have it
     * @throws IOException if the interface doesn't exist or the kernel refuses
     */
    public void delete(LinkAddress address) throws IOException {
        socket.execute(fill(new NetlinkRequest("delete address", address.toString(), DELETE, 0), address));
    }

    private NetlinkRequest fill(NetlinkRequest request, LinkAddress address) throws IOException {
        byte[] bytes = address.address().getAddress();
        return request.struct(Ifaddrmsg.STRUCT)
                .set(Ifaddrmsg.FAMILY, IpFamily.of(address.address()).number())
                .set(Ifaddrmsg.PREFIX_LENGTH, address.prefixLength())
                .set(Ifaddrmsg.INDEX, links.get(address.link()).index())
                .bytes(IFA_LOCAL, bytes)
                .bytes(IFA_ADDRESS, bytes);
    }

    /**
     * Lists the addresses of all interfaces.
     *
     * @param family the family of the addresses
     * @return the addresses, in the kernel's order
     * @throws IOException if the kernel refuses
     */
    public List<LinkAddress> list(IpFamily family) throws IOException {
        List<NetlinkMessage> messages = socket.dump(request(family));
        return parse(messages, family, links.list());
    }

    /**
     * Lists the first addresses of some interfaces in a namespace where somebody else may have added any number of them.
     *
     * @param family the family of the addresses
     * @param of the interfaces
     * @param most how many addresses of all interfaces are looked at
     * @return those that belong to one of {@code of}
     * @throws IOException if the kernel refuses
     */
    public List<LinkAddress> first(IpFamily family, List<Link> of, int most) throws IOException {
        List<String> names = of.stream().map(Link::name).toList();
        return parse(socket.beginningOfDump(request(family), most), family, of).stream()
                .filter(address -> names.contains(address.link())).toList();
    }

    private static NetlinkRequest request(IpFamily family) {
        return new NetlinkRequest("list addresses", family.toString(), GET, 0)
                .struct(Ifaddrmsg.STRUCT).set(Ifaddrmsg.FAMILY, family.number());
    }

    private static List<LinkAddress> parse(List<NetlinkMessage> messages, IpFamily family, List<Link> links) throws IOException {
        LinkNames names = LinkNames.of(links);
        List<LinkAddress> found = new ArrayList<>();
        for (NetlinkMessage message : messages) {
            LinkAddress address = parse(message, names);
            if (address != null && IpFamily.of(address.address()) == family) {
                found.add(address);
            }
        }
        return List.copyOf(found);
    }

    /** Null for a family that isn't IP. */
    static @Nullable LinkAddress parse(NetlinkMessage message, LinkNames names) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(Ifaddrmsg.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(Ifaddrmsg.FAMILY));
        if (family == null) {
            return null;
        }
        // on a point-to-point link, IFA_ADDRESS is the peer's address
        InetAddress address = NetlinkMessage.address(family, attributes.getOrDefault(IFA_LOCAL, attributes.get(IFA_ADDRESS)));
        int prefixLength = message.get(Ifaddrmsg.PREFIX_LENGTH);
        if (address == null || prefixLength > family.bits()) {
            throw new MalformedAnswerException("an entry of the address list has no address or a prefix of " + prefixLength + " bits");
        }
        return new LinkAddress(names.require(message.get(Ifaddrmsg.INDEX)), address, prefixLength);
    }
}
