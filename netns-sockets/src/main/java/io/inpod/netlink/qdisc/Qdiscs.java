package io.inpod.netlink.qdisc;

import io.inpod.netlink.Link;
import io.inpod.netlink.Links;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.NetlinkSocket;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The queueing disciplines of one namespace's interfaces, see tc(8). Only those at the root are added and deleted. Thread-safe; every call
 * blocks until the kernel has answered.
 */
public final class Qdiscs implements AutoCloseable {
    private static final int ENOENT = 2;
    private static final int ETHERNET_HEADER = 14;

    private final NetlinkSocket socket;
    private final Links links;

    private Qdiscs(NetlinkSocket socket) {
        this.socket = socket;
        this.links = Rtnetlink.over(socket).links();
    }

    /**
     * Opens the queueing disciplines of a namespace. Listing needs no privilege there, changing needs CAP_NET_ADMIN.
     *
     * @param namespace the namespace; may be closed afterwards
     * @return its queueing disciplines, to be closed by the caller
     * @throws IOException if the namespace can't be entered
     */
    public static Qdiscs open(NetworkNamespace namespace) throws IOException {
        return over(NetlinkSocket.open(namespace, NetlinkSocket.ROUTE));
    }

    /**
     * Uses a netlink socket of the caller's.
     *
     * @param socket a socket of {@link NetlinkSocket#ROUTE}, which {@link #close} closes
     * @return the queueing disciplines of its namespace, to be closed by the caller
     */
    public static Qdiscs over(NetlinkSocket socket) {
        return new Qdiscs(socket);
    }

    /**
     * Gives an interface a queueing discipline instead of the kernel's own.
     *
     * @param link the interface's name
     * @param qdisc a {@link Netem} or {@link Tbf}
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if it has one already; ENOENT if the kernel hasn't this kind
     * @throws IOException if the interface doesn't exist or the kernel refuses
     * @throws IllegalArgumentException if a burst is smaller than the interface's largest packet, or the kind can't be added
     */
    public void add(String link, Qdisc qdisc) throws IOException {
        change("add", link, qdisc, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE);
    }

    /**
     * Gives an interface a queueing discipline. Replaces the one that it has.
     *
     * @param link the interface's name
     * @param qdisc a {@link Netem} or {@link Tbf}
     * @throws IOException as for {@link #add}
     * @throws IllegalArgumentException as for {@link #add}
     */
    public void replace(String link, Qdisc qdisc) throws IOException {
        change("replace", link, qdisc, NetlinkRequest.CREATE | NetlinkRequest.REPLACE);
    }

    private void change(String operation, String name, Qdisc qdisc, int flags) throws IOException {
        Link link = links.get(name);
        int largest = link.mtu() + ETHERNET_HEADER;
        if (qdisc instanceof Tbf tbf && tbf.burst() < largest) {
            throw new IllegalArgumentException("burst of " + tbf.burst() + " bytes is smaller than the largest packet of " + name
                    + ", which the kernel would drop: it must be " + largest + " or more");
        }
        String words = operation + " qdisc " + qdisc.kind();
        try {
            socket.execute(QdiscMessages.fill(QdiscMessages.about(words, name, QdiscMessages.NEW, flags, link.index()), qdisc));
        } catch (NetlinkException e) {
            if (e.errno() == ENOENT) {
                NetlinkException explained = new NetlinkException(words, name, ENOENT, e.symbol(),
                        "this kernel has no " + qdisc.kind() + ": it needs CONFIG_NET_SCH_" + qdisc.kind().toUpperCase(Locale.ROOT));
                explained.initCause(e);
                throw explained;
            }
            throw e;
        }
    }

    /**
     * Deletes the queueing discipline of an interface, which gets the kernel's own again.
     *
     * @param link the interface's name
     * @return whether it had one
     * @throws IOException if the interface doesn't exist or the kernel refuses
     */
    public boolean delete(String link) throws IOException {
        int index = links.get(link).index();
        try {
            socket.execute(QdiscMessages.about("delete qdisc", link, QdiscMessages.DELETE, 0, index));
            return true;
        } catch (NetlinkException e) {
            if (e.errno() == ENOENT) {
                return false;
            }
            throw e;
        }
    }

    /**
     * Lists the queueing disciplines of all interfaces, including the kernel's own.
     *
     * @return the queueing disciplines, in the kernel's order
     * @throws IOException if the kernel refuses
     */
    public List<LinkQdisc> list() throws IOException {
        List<NetlinkMessage> messages = socket.dump(QdiscMessages.list());
        Map<Integer, String> names = new HashMap<>();
        links.list().forEach(link -> names.put(link.index(), link.name()));
        List<LinkQdisc> found = new ArrayList<>();
        for (NetlinkMessage message : messages) {
            int index = QdiscMessages.index(message);
            found.add(QdiscMessages.parse(message, names.getOrDefault(index, "#" + index)));
        }
        return List.copyOf(found);
    }

    /** Closes the netlink socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
