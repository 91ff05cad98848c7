package io.inpod.netlink;

import java.io.IOException;
import java.net.InetAddress;

/** The addresses of the interfaces of one namespace. */
public final class Addresses {
    private static final int NEW_ADDRESS = 20;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    /** IPv6 only: use it at once instead of first asking the network whether somebody else has it. */
    private static final int IFA_F_NODAD = 0x02;

    private final NetlinkSocket socket;
    private final Links links;

    Addresses(NetlinkSocket socket, Links links) {
        this.socket = socket;
        this.links = links;
    }

    /**
     * Gives an interface an address, usable at once.
     *
     * @param link the interface's name
     * @param address its address
     * @param prefixLength length of the network part, 0 to 32 or 128 bits
     * @throws IOException if it has it already, the interface isn't there, or the kernel refuses
     */
    public void add(String link, InetAddress address, int prefixLength) throws IOException {
        IpFamily family = IpFamily.of(address);
        socket.execute(new NetlinkRequest("add address", address.getHostAddress() + "/" + prefixLength + " dev " + link, NEW_ADDRESS,
                        NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE)
                .u8(family.number()).u8(prefixLength).u8(family == IpFamily.V6 ? IFA_F_NODAD : 0).u8(0).u32(links.get(link).index())
                .bytes(IFA_LOCAL, address.getAddress())
                .bytes(IFA_ADDRESS, address.getAddress()));
    }
}
