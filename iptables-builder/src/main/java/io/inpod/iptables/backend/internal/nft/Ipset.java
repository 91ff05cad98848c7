package io.inpod.iptables.backend.internal.nft;

import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import java.io.IOException;
import java.util.Optional;

/** Queries to ipset, see linux/netfilter/ipset/ip_set.h. */
final class Ipset {
    static final int SET_NAME = 2;
    static final int GET_BY_NAME = 14;
    static final int GET_BY_INDEX = 15;
    static final int SUBSYSTEM = 6;
    private static final int PROTOCOL = 1;
    private static final int INDEX = 11;
    private static final byte VERSION = 7;

    private Ipset() {}

    static NetlinkRequest request(String operation, String set, int command, int flags, int family) {
        return Nfnetlink.request(operation, set, SUBSYSTEM, command, flags, family).bytes(PROTOCOL, new byte[] {VERSION});
    }

    /** Returns the index of a set; empty if no set has this name, or the kernel lacks ipset. */
    static Optional<Integer> index(Nfnetlink netlink, String set) throws IOException {
        return ask(netlink, request("find set", set, GET_BY_NAME, 0, 0).string(SET_NAME, set), INDEX).map(found -> (int) found.number());
    }

    /** Returns the name of the set with an index. */
    static Optional<String> name(Nfnetlink netlink, int index) throws IOException {
        return ask(netlink, request("find set", "number " + index, GET_BY_INDEX, 0, 0).be16(INDEX, index), SET_NAME)
                .map(NetlinkAttribute::text);
    }

    private static Optional<NetlinkAttribute> ask(Nfnetlink netlink, NetlinkRequest request, int wanted) throws IOException {
        try {
            for (NetlinkMessage message : netlink.query(request)) {
                for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                    if (attribute.type() == wanted) {
                        return Optional.of(attribute);
                    }
                }
            }
            return Optional.empty();
        } catch (NetlinkException e) {
            if (e.notFound() || e.symbol().equals("EINVAL")) {
                return Optional.empty(); // EINVAL: no such subsystem
            }
            throw e;
        }
    }
}
