package io.inpod.examples.ztunnel.ports;

import io.inpod.netlink.TcpSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
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

    /** Returns the sockets that keep others from a port of TCP: those that listen, or if there are none, all. Searches no processes. */
    static List<PortSocket> of(NetworkNamespace namespace, int port) throws IOException {
        List<TcpSocket> sockets = TcpSocket.onPort(namespace, port);
        List<TcpSocket> listening = sockets.stream().filter(TcpSocket::listens).toList();
        return (listening.isEmpty() ? sockets : listening).stream().map(PortSocket::of).toList();
    }

    /** The same for UDP. */
    static List<PortSocket> ofDatagrams(NetworkNamespace namespace, int port) throws IOException {
        try (SocketDiag diag = SocketDiag.open(namespace)) {
            SocketQuery query = SocketQuery.udp().where(SocketFilter.localPort(port)).first(TcpSocket.MOST);
            return diag.list(query).stream().map(PortSocket::of).toList();
        }
    }

    /** Describes the first sockets of a list, without their processes. */
    static List<String> words(List<PortSocket> sockets) {
        return sockets.stream().limit(MOST).map(PortSocket::toString).toList();
    }

    /** Continues the description of a socket with its processes. */
    static String processes(PortSocket socket, SocketHolders found) {
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
