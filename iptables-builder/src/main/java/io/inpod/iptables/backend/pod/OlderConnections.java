package io.inpod.iptables.backend.pod;

import io.inpod.iptables.Listing;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The TCP connections that connection tracking knew before a pod got the guard. They are admitted one by one, so that they continue: the
 * guard passes only what carries its mark. Half-open ones aren't among them. A pod that has the guard already gets no exceptions: what
 * isn't admitted there has bypassed it. See linux/netfilter/nfnetlink_conntrack.h.
 */
final class OlderConnections {
    private static final int SUBSYSTEM = 1;
    private static final int UPDATE = 0;
    private static final int LIST = 1;
    private static final int STATISTICS = 5;
    private static final int STATISTICS_ENTRIES = 1;
    private static final int ANY_FAMILY = 0;

    private static final int ORIGINAL = 1;
    private static final int STATUS = 3;
    private static final int MARK = 8;
    private static final int ZONE = 18;
    private static final int MARK_MASK = 21;
    private static final int TUPLE_PROTOCOL = 2;
    private static final int PROTOCOL_NUMBER = 1;
    private static final int TCP = 6;
    private static final int SEEN_REPLY = 1 << 1;

    private OlderConnections() {}

    /** Whether rules include the guard, perhaps with its chains empty. */
    static boolean guarded(Listing found) {
        return found.chains().stream().anyMatch(chain -> PodRules.isAdmission(chain.name()));
    }

    /** Whether connection tracking knows any connection: it doesn't in a new pod. True if the kernel refuses to tell. */
    static boolean exist(NetworkNamespace namespace) {
        try (Nfnetlink netlink = Nfnetlink.open(namespace)) {
            for (NetlinkMessage answer : netlink.query(request("count connections", STATISTICS, ANY_FAMILY))) {
                for (NetlinkAttribute attribute : answer.attributeList(Nfnetlink.HEADER)) {
                    if (attribute.type() == STATISTICS_ENTRIES) {
                        return attribute.number() != 0;
                    }
                }
            }
        } catch (IOException e) {
            return true;
        }
        return true;
    }

    /**
     * Admits them.
     *
     * @throws IOException if the kernel refuses to list them, or to admit one: the others are admitted before that
     */
    static void admit(NetworkNamespace namespace) throws IOException {
        try (Nfnetlink netlink = Nfnetlink.open(namespace)) {
            List<NetlinkRequest> changes = new ArrayList<>();
            for (NetlinkMessage entry : netlink.dump(request("list connections", LIST, ANY_FAMILY))) {
                NetlinkRequest change = change(entry);
                if (change != null) {
                    changes.add(change);
                }
            }
            IOException failure = null;
            for (NetlinkRequest change : changes) {
                try {
                    netlink.query(change);
                } catch (NetlinkException e) {
                    if (!e.notFound()) { // it has ended meanwhile
                        failure = failure == null ? e : failure;
                    }
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static @Nullable NetlinkRequest change(NetlinkMessage entry) {
        NetlinkAttribute original = null;
        NetlinkAttribute zone = null;
        long status = 0;
        for (NetlinkAttribute attribute : entry.attributeList(Nfnetlink.HEADER)) {
            switch (attribute.type()) {
                case ORIGINAL -> original = attribute;
                case STATUS -> status = attribute.number();
                case ZONE -> zone = attribute;
                default -> {}
            }
        }
        if (original == null || (status & SEEN_REPLY) == 0 || !isTcp(original)) {
            return null;
        }
        int family = Byte.toUnsignedInt(entry.payload().get(0));
        NetlinkRequest change = request("admit connection", UPDATE, family).bytes(ORIGINAL, original.bytes())
                .be32(MARK, InPodConstants.ADMITTED_MARK).be32(MARK_MASK, InPodConstants.ADMITTED_MARK);
        return zone == null ? change : change.bytes(ZONE, zone.bytes());
    }

    private static boolean isTcp(NetlinkAttribute tuple) {
        return tuple.nested().stream().filter(part -> part.type() == TUPLE_PROTOCOL).flatMap(part -> part.nested().stream())
                .anyMatch(part -> part.type() == PROTOCOL_NUMBER && part.number() == TCP);
    }

    private static NetlinkRequest request(String operation, int message, int family) {
        return Nfnetlink.request(operation, "connection tracking", SUBSYSTEM, message, 0, family);
    }
}
