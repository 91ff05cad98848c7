package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Ifaddrmsg;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The addresses of the interfaces of one namespace. */
public final class Addresses {
    private static final int EADDRNOTAVAIL = 99;

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
     * @throws IllegalArgumentException if the address has {@linkplain AddressAttributes#others attributes that can't be added}
     */
    public void add(LinkAddress address) throws IOException {
        check(address);
        NetlinkRequest request =
                new NetlinkRequest("add address", address, AddressMessages.NEW, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE);
        socket.execute(AddressMessages.fillNew(request, address, links.get(address.link()).index()));
    }

    /**
     * Deletes an address from an interface: the one with this prefix length and this peer.
     *
     * @param address the address to delete; its attributes aren't compared, because an interface has such an address only once
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if the interface doesn't have it
     * @throws IOException if the interface doesn't exist or the kernel refuses
     * @throws IllegalArgumentException if the address has {@linkplain AddressAttributes#others attributes that would be lost}
     */
    public void delete(LinkAddress address) throws IOException {
        check(address);
        Link link = links.get(address.link());
        // the kernel looks for what the request has, and IPv6 doesn't look at the peer
        if (list(IpFamily.of(address.address())).stream().noneMatch(listed -> isSame(listed, address, link.name()))) {
            throw NetlinkException.of("delete address", address + " in " + socket.where(), EADDRNOTAVAIL, "no such address");
        }
        socket.execute(
                AddressMessages.fill(new NetlinkRequest("delete address", address, AddressMessages.DELETE, 0), address, link.index()));
    }

    private static boolean isSame(LinkAddress listed, LinkAddress address, String link) {
        return listed.link().equals(link) && listed.address().equals(address.address()) && listed.prefixLength() == address.prefixLength()
                && Objects.equals(listed.peer(), address.peer());
    }

    private static void check(LinkAddress address) {
        if (!address.attributes().others().isEmpty()) {
            throw new IllegalArgumentException("\"" + address + "\" has what isn't represented in full, and would be lost");
        }
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
        return new NetlinkRequest("list addresses", family.toString(), AddressMessages.GET, 0)
                .struct(Ifaddrmsg.STRUCT).set(Ifaddrmsg.FAMILY, family.number());
    }

    private static List<LinkAddress> parse(List<NetlinkMessage> messages, IpFamily family, List<Link> links) throws IOException {
        LinkNames names = LinkNames.of(links);
        List<LinkAddress> found = new ArrayList<>();
        for (NetlinkMessage message : messages) {
            LinkAddress address = AddressMessages.parse(message, names);
            if (address != null && IpFamily.of(address.address()) == family) {
                found.add(address);
            }
        }
        return List.copyOf(found);
    }
}
