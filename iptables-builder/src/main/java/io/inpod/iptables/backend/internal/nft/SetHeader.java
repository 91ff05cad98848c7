package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a set of nf_tables was created.
 *
 * @param name its name
 * @param keyType the number of nft for the type of its keys
 * @param flags see linux/netfilter/nf_tables.h
 * @param limited whether it has room for a limited number of elements
 * @param merging whether nft joins elements that touch
 */
record SetHeader(String name, long keyType, long flags, boolean limited, boolean merging) {
    static final int ANONYMOUS = 1;
    private static final int INTERVAL = 4;
    private static final int PORTS = 13;
    private static final int MAP = 8;
    private static final int TIMEOUT = 0x10;

    static SetHeader of(NetlinkMessage message) {
        String name = "";
        long keyType = 0;
        long flags = 0;
        boolean limited = false;
        boolean merging = false;
        for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
            switch (attribute.type()) {
                case 2 -> name = attribute.text();
                case 3 -> flags = attribute.number();
                case 4 -> keyType = attribute.number();
                case 9 -> limited = attribute.nested().stream().anyMatch(part -> part.type() == 1);
                case 13 -> merging = UserData.merges(attribute.bytes());
                default -> {}
            }
        }
        return new SetHeader(name, keyType, flags, limited, merging);
    }

    static int flags(NamedSet set) {
        return set instanceof AddressSet addresses && addresses.type() == AddressSet.Type.ADDRESSES ? 0 : INTERVAL;
    }

    static int keyType(NamedSet set) {
        return set instanceof AddressSet addresses ? keyType(addresses.family()) : PORTS;
    }

    static int keyBytes(NamedSet set) {
        return set instanceof AddressSet addresses ? addresses.family().bits() / 8 : 2;
    }

    static int keyType(IpFamily family) {
        return family == IpFamily.V4 ? 7 : 8;
    }

    boolean isAnonymous() {
        return (flags & ANONYMOUS) != 0;
    }

    /** Returns the family of its addresses; empty if it is no set of addresses. */
    Optional<IpFamily> family() {
        for (IpFamily family : IpFamily.values()) {
            if (keyType == keyType(family) && (flags & MAP) == 0) {
                return Optional.of(family);
            }
        }
        return Optional.empty();
    }

    AddressSet.Type type() {
        return (flags & INTERVAL) == 0 ? AddressSet.Type.ADDRESSES : AddressSet.Type.PREFIXES;
    }

    boolean ofPorts() {
        return keyType == PORTS && (flags & MAP) == 0;
    }

    /** Whether a set is of the kind that was created. */
    boolean isLike(NamedSet set) {
        return set instanceof AddressSet addresses ? family().equals(Optional.of(addresses.family())) && type() == addresses.type()
                : ofPorts();
    }

    /** Returns in words what differs from our sets, to be put after the name. */
    List<String> misfits() {
        if (family().isEmpty() && !ofPorts()) {
            return List.of("isn't a set of addresses or ports");
        }
        List<String> misfits = new ArrayList<>();
        if ((flags & TIMEOUT) != 0) {
            misfits.add("has a timeout, after which elements vanish");
        }
        if (ofPorts() && (flags & INTERVAL) == 0) {
            misfits.add("can't hold ranges (no flags interval)");
        }
        long others = flags & ~(TIMEOUT | INTERVAL);
        if (others != 0) {
            misfits.add("has the flags 0x" + Long.toHexString(others));
        }
        if (limited) {
            misfits.add("has room for a limited number of elements");
        }
        if (merging) {
            misfits.add("joins elements that touch (auto-merge)");
        }
        return misfits;
    }
}
