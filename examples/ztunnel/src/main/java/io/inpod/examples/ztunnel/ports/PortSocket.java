package io.inpod.examples.ztunnel.ports;

import io.inpod.netlink.TcpSocket;
import io.inpod.netlink.diag.InetSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A socket that keeps others from a port.
 *
 * @param udp whether it is a socket of UDP, rather than TCP
 * @param what what it is, in words
 * @param address the address and the port that it is bound to
 * @param user the user who created it
 * @param inode its inode; 0 if no process has it open
 */
record PortSocket(boolean udp, String what, InetSocketAddress address, long user, long inode) {
    static PortSocket of(TcpSocket socket) {
        String state = socket.listens() ? "listening" : socket.state() == TcpSocket.BOUND ? "bound" : "connected";
        return new PortSocket(false, "a socket " + state + " on", new InetSocketAddress(socket.local(), socket.port()), socket.user(),
                socket.inode());
    }

    static PortSocket of(InetSocket socket) {
        return new PortSocket(true, "a socket of UDP on", socket.local(), socket.user(), socket.inode());
    }

    int port() {
        return address.getPort();
    }

    /** Describes it, without its processes. */
    @Override
    public String toString() {
        InetAddress local = address.getAddress();
        return what + " " + local.getHostAddress() + " port " + port() + ", inode " + inode + ", of user " + user;
    }
}
