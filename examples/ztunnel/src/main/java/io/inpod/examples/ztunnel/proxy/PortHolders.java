package io.inpod.examples.ztunnel.proxy;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolder;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** Says who has a port of a pod: which sockets, and which processes as far as this process may inspect them. */
final class PortHolders {
    private static final int MOST = 3;

    private PortHolders() {}

    /** Returns the end of an error message about a port that can't be bound; empty if no socket is found. */
    static String words(NetworkNamespace namespace, int port) {
        try {
            List<TcpSocket> sockets = TcpSocket.onPort(namespace, port);
            List<TcpSocket> listening = sockets.stream().filter(TcpSocket::listens).toList();
            return sockets.isEmpty() ? "" : (listening.isEmpty() ? sockets : listening).stream().limit(MOST)
                    .map(socket -> words(namespace, socket)).collect(Collectors.joining(", and ", "; it is taken by ", ""));
        } catch (IOException e) {
            return "; who has it is unknown: " + e.getMessage();
        }
    }

    /** Describes a socket and its processes. */
    static String words(NetworkNamespace namespace, TcpSocket socket) {
        String state = socket.listens() ? "listening" : socket.state() == TcpSocket.BOUND ? "bound" : "connected";
        String holders = SocketHolder.of(namespace, socket.inode()).stream().limit(MOST)
                // the program's name is the pod's choice
                .map(holder -> "pid " + holder.pid() + " (" + holder.program().replaceAll("\\P{Graph}", "?") + ")")
                .collect(Collectors.joining(", "));
        return "a socket " + state + " on " + socket.local().getHostAddress() + " port " + socket.port() + ", inode " + socket.inode()
                + ", of user " + socket.user() + (holders.isEmpty() ? ", of a process that can't be inspected" : ", " + holders);
    }
}
