package io.inpod.examples.ztunnel.ports;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** Says who has a port of a pod: which sockets, and which processes as far as this process may inspect them. */
final class PortHolders {
    /** How many are named. */
    static final int MOST = 3;

    private PortHolders() {}

    /** Returns the sockets that keep others from a port: those that listen, or if there are none, all. Searches no processes. */
    static List<TcpSocket> of(NetworkNamespace namespace, int port) throws IOException {
        List<TcpSocket> sockets = TcpSocket.onPort(namespace, port);
        List<TcpSocket> listening = sockets.stream().filter(TcpSocket::listens).toList();
        return listening.isEmpty() ? sockets : listening;
    }

    /** Describes the first sockets of a list, without their processes. */
    static List<String> words(List<TcpSocket> sockets) {
        return sockets.stream().limit(MOST).map(PortHolders::words).toList();
    }

    /** Describes a socket, without its processes. */
    static String words(TcpSocket socket) {
        String state = socket.listens() ? "listening" : socket.state() == TcpSocket.BOUND ? "bound" : "connected";
        return "a socket " + state + " on " + socket.local().getHostAddress() + " port " + socket.port() + ", inode " + socket.inode()
                + ", of user " + socket.user();
    }

    /** Continues the description of a socket with its processes. */
    static String processes(TcpSocket socket, SocketHolders found) {
        String processes = found.of(socket.inode()).stream().limit(MOST)
                // the program's name is the pod's choice
                .map(holder -> "pid " + holder.pid() + " (" + holder.program().replaceAll("\\P{Graph}", "?") + ")")
                .collect(Collectors.joining(", "));
        if (!processes.isEmpty()) {
            return ", " + processes;
        }
        return found.complete() ? ", of a process that has ended or can't be inspected"
                : ", of a process that was not found: the search ended at its limit (" + SocketHolders.MOST_LINKS + " descriptors, "
                        + SocketHolders.LONGEST.toSeconds() + " s)";
    }
}
