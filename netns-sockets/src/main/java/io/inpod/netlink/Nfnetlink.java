package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.NetlinkStructs.Nfgenmsg;
import java.io.IOException;
import java.util.List;

/**
 * The netfilter family of netlink in one namespace: nf_tables, ipset and others, see linux/netfilter/nfnetlink.h. Thread-safe; every
 * call blocks until the kernel has answered.
 */
public final class Nfnetlink implements AutoCloseable {
    /** Length in bytes of the beginning of every message: family, version, resource number. */
    public static final int HEADER = 4;

    private static final int BATCH_BEGIN = 0x10;
    private static final int BATCH_END = 0x11;
    private static final int BATCH_GENERATION = 1;

    private final NetlinkSocket socket;

    Nfnetlink(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Opens a socket. Listing and changing need CAP_NET_ADMIN.
     *
     * @param namespace the namespace that it acts on; may be closed afterwards
     * @return the socket, to be closed by the caller
     * @throws IOException if the namespace can't be entered, or the kernel has no netfilter netlink
     */
    public static Nfnetlink open(NetworkNamespace namespace) throws IOException {
        return new Nfnetlink(NetlinkSocket.open(namespace, NetlinkSocket.NETFILTER));
    }

    /**
     * Begins a message.
     *
     * @param operation what the request does, for errors, such as {@code "add rule"}
     * @param subject what it is applied to, for errors; its {@code toString} is called only for those
     * @param subsystem an NFNL_SUBSYS_ number
     * @param message a message type of the subsystem, such as NFT_MSG_NEWRULE
     * @param flags as for {@link NetlinkRequest}
     * @param family an NFPROTO_ number, such as 2 for IPv4
     * @return the message, to which attributes can be added
     */
    public static NetlinkRequest request(String operation, Object subject, int subsystem, int message, int flags, int family) {
        return request(operation, subject, subsystem, message, flags, family, NetlinkRequest.USUAL_BYTES);
    }

    /**
     * Begins a message that may be long, as {@link #request(String, Object, int, int, int, int)} does.
     *
     * @param operation what it does
     * @param subject what it is applied to
     * @param subsystem its subsystem
     * @param message its type
     * @param flags its flags
     * @param family its family
     * @param bytes an estimate of its length; if it is too low, memory is allocated more than once
     * @return the message
     */
    public static NetlinkRequest request(String operation, Object subject, int subsystem, int message, int flags, int family, int bytes) {
        return new NetlinkRequest(operation, subject, subsystem << 8 | message, flags, bytes).struct(Nfgenmsg.STRUCT).set(Nfgenmsg.FAMILY,
                family);
    }

    /**
     * Sends a request and waits for the answers, see {@link NetlinkSocket#query}.
     *
     * @param request the request
     * @return the answers
     * @throws NetlinkException if the kernel refuses it
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public List<NetlinkMessage> query(NetlinkRequest request) throws IOException {
        return socket.query(request);
    }

    /**
     * Asks for an object that may not exist. Much cheaper than the exception of {@link #query} if it doesn't.
     *
     * @param request the request
     * @return the answers; none if the object doesn't exist (ENOENT)
     * @throws NetlinkException if the kernel refuses it for another reason
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public List<NetlinkMessage> find(NetlinkRequest request) throws IOException {
        return socket.find(request);
    }

    /**
     * Executes requests one by one, for subsystems without transactions, see {@link NetlinkSocket#executeAll}.
     *
     * @param requests any number of requests
     * @throws NetlinkException for the first request that the kernel refused; those for the others are suppressed in it
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public void executeAll(List<NetlinkRequest> requests) throws IOException {
        socket.executeAll(requests);
    }

    /**
     * Requests a list, see {@link NetlinkSocket#dump}.
     *
     * @param request the request for the list
     * @return the entries, in the kernel's order
     * @throws NetlinkException if the kernel refuses it, or (EINTR) the list kept changing
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public List<NetlinkMessage> dump(NetlinkRequest request) throws IOException {
        return socket.dump(request);
    }

    /**
     * Executes requests as one transaction, all or not at all.
     *
     * @param subsystem the NFNL_SUBSYS_ number of a subsystem that has transactions
     * @param generation the state that the requests are based on, NFTA_GEN_ID; 0 for any
     * @param requests the requests of that subsystem
     * @throws NetlinkException for the first request that the kernel refused, with those for the others suppressed in it, or
     *     ({@link NetlinkException#outdated()}) if there has been a change since that generation; nothing has been changed
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public void commit(int subsystem, int generation, List<NetlinkRequest> requests) throws IOException {
        if (requests.isEmpty()) {
            return;
        }
        NetlinkRequest begin = frame("commit", requests.size() + " changes", BATCH_BEGIN, subsystem);
        if (generation != 0) {
            begin.be32(BATCH_GENERATION, generation);
        }
        socket.executeWhole(begin, requests, frame("commit", "the end", BATCH_END, subsystem));
    }

    private static NetlinkRequest frame(String operation, String subject, int type, int subsystem) {
        // the resource number, in network byte order, names the subsystem
        return new NetlinkRequest(operation, subject, type, 0).u8(0).u8(0).u8(subsystem >> 8).u8(subsystem);
    }

    /** Closes the socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
