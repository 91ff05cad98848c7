package io.inpod.netlink.diag;

import io.inpod.netns.IpFamily;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A socket of TCP or UDP.
 *
 * @param protocol its protocol
 * @param family its address family
 * @param state its state
 * @param local what it is bound to; an address of IPv4 if that is an IPv4-mapped address of IPv6
 * @param remote what it is connected to; the wildcard address and port 0 if it isn't
 * @param link index of the interface that it is bound to with SO_BINDTODEVICE, or 0
 * @param user the user who created it, as this process's user namespace sees that user; 0 too where no process has it
 * @param inode its inode, by which {@link io.inpod.netns.SocketHolders} finds processes; 0 if no process has it open
 * @param cookie what tells it from all sockets that the kernel has had since it was started, as SO_COOKIE does
 * @param receiveQueue bytes that the process hasn't read; of a listener, connections that it hasn't accepted
 * @param sendQueue bytes that haven't been acknowledged; of a listener, how many connections may wait
 * @param cgroup id of the control group in which it was created, see {@link SocketFilter#cgroup}; 0 if the kernel doesn't tell
 * @param mark its mark; 0 too if this process lacks CAP_NET_ADMIN
 * @param transparent whether it has IP_TRANSPARENT (ip(7)), also if that was set as IPV6_TRANSPARENT; null if the kernel doesn't tell, as
 *     of sockets in TIME_WAIT
 * @param tcpInfo what the kernel knows about the connection; null if it wasn't asked, or has no whole socket
 */
public record InetSocket(
        SocketProtocol protocol,
        IpFamily family,
        SocketState state,
        InetSocketAddress local,
        InetSocketAddress remote,
        int link,
        long user,
        long inode,
        long cookie,
        long receiveQueue,
        long sendQueue,
        long cgroup,
        int mark,
        @Nullable Boolean transparent,
        @Nullable TcpInfo tcpInfo) {
    /** {@return whether it listens} */
    public boolean listens() {
        return state == SocketState.LISTEN;
    }

    /** {@return its protocol, state and addresses, for messages} */
    @Override
    public String toString() {
        return protocol + " " + state + " " + text(local) + " " + text(remote);
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + " port " + address.getPort();
    }
}
