package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.NetlinkStructs.InetDiagMsg;
import io.inpod.netns.internal.NetlinkStructs.InetDiagReq;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A TCP socket that is bound to a port of a namespace, whichever process it belongs to, see sock_diag(7).
 * {@link io.inpod.netlink.diag.SocketDiag} lists sockets by other criteria, and tells more about each.
 *
 * @param family its address family
 * @param local the address that it is bound to; of IPv4 if it is an IPv4-mapped address of IPv6
 * @param port the port that it is bound to
 * @param state its state; the kernel's number, see {@link #LISTEN} and {@link #BOUND}
 * @param user the user who created it, as this process's user namespace sees that user
 * @param inode its inode, by which {@link io.inpod.netns.SocketHolders} finds processes; 0 if no process has it open
 */
public record TcpSocket(IpFamily family, InetAddress local, int port, int state, long user, long inode) {
    /** The state of a listening socket. */
    public static final int LISTEN = 10;
    /** The state of a socket that is bound but neither listens nor is connected; reported since Linux 6.8. */
    public static final int BOUND = 13;

    /** How many sockets of one port and address family are listed. */
    public static final int MOST = 100;

    private static final int SOCK_DIAG = 4;
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int TCP = 6;
    private static final int TIME_WAIT = 6;
    private static final int NEW_SYN_RECEIVED = 12;
    /** What the kernel says of a socket that it was asked for as {@link #BOUND}; it lists no other ones in this state. */
    private static final int CLOSE = 7;
    /** All states but those in which the kernel keeps no whole socket. */
    private static final int STATES = (1 << BOUND + 1) - 1 & ~(1 << TIME_WAIT) & ~(1 << NEW_SYN_RECEIVED);

    /**
     * Lists the sockets that are bound to a port, in any state: the first {@value #MOST} of each address family, beginning with those that
     * listen, as a process can open any number of them.
     *
     * @param namespace the namespace
     * @param port the local port, 1 to 65535
     * @return the sockets, in the kernel's order
     * @throws IOException if the namespace can't be entered, or the kernel has no sock_diag for TCP
     */
    public static List<TcpSocket> onPort(NetworkNamespace namespace, int port) throws IOException {
        return list(namespace, Set.of(port), STATES);
    }

    /**
     * Lists the sockets that listen on some ports. The kernel is asked for these ports only, and for the first {@value #MOST} sockets of
     * each port and address family, as a process can open any number of them.
     *
     * @param namespace the namespace
     * @param ports the local ports, each 1 to 65535
     * @return the sockets, in the kernel's order for each port
     * @throws IOException see {@link #onPort}
     */
    public static List<TcpSocket> listening(NetworkNamespace namespace, Set<Integer> ports) throws IOException {
        return list(namespace, ports, 1 << LISTEN);
    }

    private static List<TcpSocket> list(NetworkNamespace namespace, Set<Integer> ports, int states) throws IOException {
        List<TcpSocket> found = new ArrayList<>();
        NetlinkSocket socket = NetlinkSocket.open(namespace, SOCK_DIAG);
        try {
            for (int port : ports) {
                for (IpFamily family : IpFamily.values()) {
                    if (socket.hasLeftOver()) { // closing it ends a list that isn't read to its end
                        socket.close();
                        socket = NetlinkSocket.open(namespace, SOCK_DIAG);
                    }
                    for (NetlinkMessage message : socket.beginningOfDump(request(port, family, states), MOST)) {
                        found.add(parse(message));
                    }
                }
            }
        } finally {
            socket.close();
        }
        return List.copyOf(found);
    }

    private static NetlinkRequest request(int port, IpFamily family, int states) {
        return new NetlinkRequest("list TCP sockets", "port " + port, SOCK_DIAG_BY_FAMILY, 0)
                .struct(InetDiagReq.STRUCT).set(InetDiagReq.FAMILY, family.number()).set(InetDiagReq.PROTOCOL, TCP)
                .set(InetDiagReq.STATES, states).set(InetDiagReq.SOURCE_PORT, Short.reverseBytes((short) port) & 0xffff);
    }

    private static TcpSocket parse(NetlinkMessage message) throws IOException {
        message.attributes(InetDiagMsg.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(InetDiagMsg.FAMILY));
        if (family == null) {
            throw new MalformedAnswerException("a TCP socket of address family " + message.get(InetDiagMsg.FAMILY));
        }
        byte[] address = new byte[family.bits() / Byte.SIZE];
        message.payload().get(InetDiagMsg.SOURCE.offset(), address);
        return new TcpSocket(family, InetAddress.getByAddress(address),
                Short.toUnsignedInt(Short.reverseBytes((short) message.get(InetDiagMsg.SOURCE_PORT))),
                message.get(InetDiagMsg.STATE) == CLOSE ? BOUND : message.get(InetDiagMsg.STATE),
                Integer.toUnsignedLong(message.get(InetDiagMsg.USER)), Integer.toUnsignedLong(message.get(InetDiagMsg.INODE)));
    }

    /** {@return whether it listens} */
    public boolean listens() {
        return state == LISTEN;
    }
}
