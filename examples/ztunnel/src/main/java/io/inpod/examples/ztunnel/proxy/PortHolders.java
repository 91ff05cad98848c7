package io.inpod.examples.ztunnel.proxy;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Says who has a port of a pod: which sockets, and which processes as far as this process may inspect them. */
final class PortHolders {
    /** How many are named. */
    static final int MOST = 3;

    private PortHolders() {}

    /** Returns the end of an error message about a port that can't be bound; empty if no socket is found. */
    static String words(NetworkNamespace namespace, int port) {
        try {
            List<TcpSocket> sockets = TcpSocket.onPort(namespace, port);
            List<TcpSocket> listening = sockets.stream().filter(TcpSocket::listens).toList();
            return sockets.isEmpty() ? ""
                    : "; it is taken by " + String.join(", and ", words(namespace, listening.isEmpty() ? sockets : listening));
        } catch (IOException e) {
            return "; who has it is unknown: " + e.getMessage();
        }
    }

    /** Describes the first sockets of a list, and their processes. Searches all processes once. */
    static List<String> words(NetworkNamespace namespace, List<TcpSocket> sockets) {
        List<TcpSocket> first = sockets.stream().limit(MOST).toList();
        Map<Long, List<SocketHolder>> holders =
                SocketHolder.of(namespace, first.stream().map(TcpSocket::inode).collect(Collectors.toSet()));
        return first.stream().map(socket -> words(socket, holders.getOrDefault(socket.inode(), List.of()))).toList();
    }

    private static String words(TcpSocket socket, List<SocketHolder> holders) {
        String state = socket.listens() ? "listening" : socket.state() == TcpSocket.BOUND ? "bound" : "connected";
        String processes = holders.stream().limit(MOST)
                // the program's name is the pod's choice
                .map(holder -> "pid " + holder.pid() + " (" + holder.program().replaceAll("\\P{Graph}", "?") + ")")
                .collect(Collectors.joining(", "));
        return "a socket " + state + " on " + socket.local().getHostAddress() + " port " + socket.port() + ", inode " + socket.inode()
                + ", of user " + socket.user() + (processes.isEmpty() ? ", of a process that can't be inspected" : ", " + processes);
    }
}
