package io.inpod.netlink;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.NetlinkStructs.Nlattr;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/**
 * The TCP connections that connection tracking knows in a namespace, see linux/netfilter/nfnetlink_conntrack.h. Thread-safe. Each call is
 * one request, which the kernel answers before it returns to the caller: some microseconds.
 */
public final class TrackedConnections implements AutoCloseable {
    private static final int SUBSYSTEM = 1;
    private static final int GET = 1;
    private static final int ORIGINAL = 1;
    private static final int TUPLE_ADDRESSES = 1;
    private static final int TUPLE_PROTOCOL = 2;
    private static final int V4_SOURCE = 1;
    private static final int V4_DESTINATION = 2;
    private static final int V6_SOURCE = 3;
    private static final int V6_DESTINATION = 4;
    private static final int PROTOCOL_NUMBER = 1;
    private static final int SOURCE_PORT = 2;
    private static final int DESTINATION_PORT = 3;
    private static final byte[] OF_TCP = {6};
    private static final int V4_BYTES = 4;
    private static final int MOST_BYTES = 112;
    private static final int PROTOCOL_INFO = 4;
    private static final int INFO_TCP = 1;
    private static final int TCP_STATE = 1;
    private static final int TIME_WAIT = 7; // enum tcp_conntrack
    private static final int CLOSE = 8;
    private static final int NFPROTO_IPV4 = 2;
    private static final int NFPROTO_IPV6 = 10;

    private final Nfnetlink netlink;

    private TrackedConnections(Nfnetlink netlink) {
        this.netlink = netlink;
    }

    /**
     * Opens a socket. Asking needs CAP_NET_ADMIN.
     *
     * @param namespace the namespace; may be closed afterwards
     * @return the connections, to be closed by the caller
     * @throws IOException if the namespace can't be entered, or the kernel has no netfilter netlink
     */
    public static TrackedConnections open(NetworkNamespace namespace) throws IOException {
        return new TrackedConnections(Nfnetlink.open(namespace));
    }

    /**
     * Asks whether a packet with these addresses would belong to an open connection. One that has ended in the last minutes isn't open: the
     * kernel replaces it when another one begins.
     *
     * @param source the packet's source, resolved
     * @param destination the packet's destination, of the same family
     * @return whether there is such a connection, in either direction; its ends may be anywhere
     * @throws NetlinkException if the kernel refuses the question: the privilege is missing, or the kernel can't list connections
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public boolean isOpen(InetSocketAddress source, InetSocketAddress destination) throws IOException {
        byte[] from = source.getAddress().getAddress();
        byte[] to = destination.getAddress().getAddress();
        boolean v4 = to.length == V4_BYTES;
        NetlinkRequest request =
                Nfnetlink.request("look up a connection", source, SUBSYSTEM, GET, 0, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, MOST_BYTES);
        int tuple = request.begin(ORIGINAL);
        int addresses = request.begin(TUPLE_ADDRESSES);
        request.bytes(v4 ? V4_SOURCE : V6_SOURCE, from).bytes(v4 ? V4_DESTINATION : V6_DESTINATION, to).end(addresses);
        int protocol = request.begin(TUPLE_PROTOCOL);
        request.bytes(PROTOCOL_NUMBER, OF_TCP).be16(SOURCE_PORT, source.getPort()).be16(DESTINATION_PORT, destination.getPort())
                .end(protocol).end(tuple);
        boolean open = false;
        for (NetlinkMessage answer : netlink.find(request)) {
            int state = state(answer.payload());
            open = state != TIME_WAIT && state != CLOSE;
        }
        return open;
    }

    /** Returns the state of the TCP connection in an answer; 0 if it has none. Nothing else is read: there is one for each connection. */
    private static int state(ByteBuffer answer) {
        int info = Wire.attribute(answer, Wire.align(Nfnetlink.HEADER), answer.limit(), PROTOCOL_INFO);
        int tcp = info < 0 ? -1 : Wire.attributeWithin(answer, info, INFO_TCP);
        int state = tcp < 0 ? -1 : Wire.attributeWithin(answer, tcp, TCP_STATE);
        return state < 0 || state + Nlattr.STRUCT.size() >= answer.limit() ? 0 : answer.get(state + Nlattr.STRUCT.size());
    }

    /** Closes the socket. Closing twice does nothing. */
    @Override
    public void close() {
        netlink.close();
    }
}
