package io.inpod.examples.nodeagent.doctor;

import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.SocketState;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A socket on which connections or datagrams arrive, and the processes that have it open.
 *
 * @param socket the socket
 * @param holders the processes; empty if this process doesn't see them
 */
record Listener(InetSocket socket, List<SocketHolders.Holder> holders) {
    /** Returns the listeners of TCP in a namespace, and the sockets of UDP that aren't connected. */
    static List<Listener> all(NetworkNamespace netns) throws IOException {
        List<InetSocket> sockets = new ArrayList<>();
        try (SocketDiag diag = SocketDiag.open(netns)) {
            sockets.addAll(diag.list(SocketQuery.tcp().in(SocketState.LISTEN)));
            sockets.addAll(diag.list(SocketQuery.udp().in(SocketState.CLOSE)));
        }
        return of(netns, sockets);
    }

    /** Finds the processes that have sockets open. */
    static List<Listener> of(NetworkNamespace netns, List<InetSocket> sockets) {
        SocketHolders holders = SocketHolders.search(netns, sockets.stream().map(InetSocket::inode).collect(Collectors.toSet()));
        return sockets.stream().map(socket -> new Listener(socket, holders.of(socket.inode()))).toList();
    }

    int port() {
        return socket.local().getPort();
    }

    boolean isHeldBy(Set<Long> pids) {
        return holders.stream().anyMatch(holder -> pids.contains(holder.pid()));
    }

    /** Returns where it listens and who has it open, in words. */
    String words() {
        String address = socket.local().getAddress().isAnyLocalAddress() ? "every address" : Subject.text(socket.local().getAddress());
        return owner() + " at " + address;
    }

    String owner() {
        return holders.isEmpty() ? "a process that isn't visible here"
                : holders.stream().map(holder -> holder.program() + " (pid " + holder.pid() + ")").collect(Collectors.joining(" and "));
    }
}
