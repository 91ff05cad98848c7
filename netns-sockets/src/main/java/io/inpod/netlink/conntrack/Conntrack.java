package io.inpod.netlink.conntrack;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The flows that connection tracking knows in one namespace, see conntrack(8). Thread-safe; every call blocks until the kernel has
 * answered. {@link ConntrackWatch} reports changes.
 *
 * <p>A list isn't a snapshot: a flow that begins or ends while the kernel writes it may be listed or not.
 */
public final class Conntrack implements AutoCloseable {
    private static final int MOST_ZONE = 0xffff;

    private final Nfnetlink netlink;

    private Conntrack(Nfnetlink netlink) {
        this.netlink = netlink;
    }

    /**
     * Opens the flows of a namespace. Everything needs CAP_NET_ADMIN there.
     *
     * @param namespace the namespace; may be closed afterwards
     * @return its flows, to be closed by the caller
     * @throws IOException if the namespace can't be entered, or the kernel has no netfilter netlink
     */
    public static Conntrack open(NetworkNamespace namespace) throws IOException {
        return over(Nfnetlink.open(namespace));
    }

    /**
     * Uses a netlink socket of the caller's.
     *
     * @param netlink the socket, which {@link #close} closes
     * @return the flows of its namespace, to be closed by the caller
     */
    public static Conntrack over(Nfnetlink netlink) {
        return new Conntrack(netlink);
    }

    /**
     * Lists all flows of a family.
     *
     * @param family the family of their addresses
     * @return the flows, in the kernel's order
     * @throws NetlinkException if the kernel refuses: the privilege is missing, or it can't list flows (CONFIG_NF_CT_NETLINK)
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public List<Flow> list(IpFamily family) throws IOException {
        return list(family, 0, 0);
    }

    /**
     * Lists the flows with a mark; the kernel selects them.
     *
     * @param family the family of their addresses
     * @param mark the connection mark
     * @param mask the bits of it that are compared; 0 for all flows
     * @return the flows, in the kernel's order
     * @throws IOException as for {@link #list(IpFamily)}
     * @throws IllegalArgumentException if the mark has bits outside the mask: no flow would have it
     */
    public List<Flow> list(IpFamily family, int mark, int mask) throws IOException {
        if ((mark & ~mask) != 0) {
            throw new IllegalArgumentException(
                    "mark 0x" + Integer.toHexString(mark) + " has bits outside mask 0x" + Integer.toHexString(mask));
        }
        List<Flow> found = new ArrayList<>();
        for (NetlinkMessage message : netlink.dump(FlowMessages.list(family, mark, mask))) {
            found.add(FlowMessages.parse(message));
        }
        return List.copyOf(found);
    }

    /**
     * Finds a flow in the usual zone by the packets of either direction.
     *
     * @param packets the addresses and ports of its packets
     * @return the flow; empty if there is none
     * @throws IOException as for {@link #list(IpFamily)}
     */
    public Optional<Flow> find(FlowTuple packets) throws IOException {
        return find(packets, 0);
    }

    /**
     * Finds a flow by the packets of either direction.
     *
     * @param packets the addresses and ports of its packets
     * @param zone its zone, 0 to 65535
     * @return the flow; empty if there is none
     * @throws IOException as for {@link #list(IpFamily)}
     * @throws IllegalArgumentException if the zone is out of range
     */
    public Optional<Flow> find(FlowTuple packets, int zone) throws IOException {
        if (zone < 0 || zone > MOST_ZONE) {
            throw new IllegalArgumentException("zone is 0 to " + MOST_ZONE + ", not " + zone);
        }
        for (NetlinkMessage message : netlink.find(FlowMessages.about("find flow", FlowMessages.GET, packets, zone))) {
            return Optional.of(FlowMessages.parse(message));
        }
        return Optional.empty();
    }

    /**
     * Deletes the flow of some packets in the usual zone. Its connection isn't ended: its next packet is looked at as if it were the first.
     *
     * @param packets the addresses and ports of the packets of either direction
     * @return whether there was one
     * @throws IOException as for {@link #list(IpFamily)}
     */
    public boolean delete(FlowTuple packets) throws IOException {
        return delete(FlowMessages.about("delete flow", FlowMessages.DELETE, packets, 0));
    }

    /**
     * Deletes exactly a flow that was listed, never a later one with the same packets.
     *
     * @param flow the flow
     * @return whether it was still there
     * @throws IOException as for {@link #list(IpFamily)}
     */
    public boolean delete(Flow flow) throws IOException {
        return delete(FlowMessages.delete(flow));
    }

    private boolean delete(NetlinkRequest request) throws IOException {
        try {
            netlink.query(request);
            return true;
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return false;
            }
            throw e;
        }
    }

    /** Closes the netlink socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        netlink.close();
    }
}
