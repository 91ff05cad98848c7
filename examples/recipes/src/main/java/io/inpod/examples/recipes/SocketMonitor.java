package io.inpod.examples.recipes;

import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.SocketState;
import io.inpod.netlink.diag.TcpInfo;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.watch.FoundNamespace;
import io.inpod.netns.watch.NamespaceEvent;
import io.inpod.netns.watch.NamespaceWatch;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A monitoring agent: the TCP sockets of all network namespaces of a node, {@code SocketMonitor <seconds between two reports>}. */
public final class SocketMonitor {
    private SocketMonitor() {}

    static String report(FoundNamespace found) throws IOException {
        try (NetworkNamespace namespace = found.open(); SocketDiag sockets = SocketDiag.open(namespace)) {
            List<InetSocket> tcp = sockets.list(SocketQuery.tcp().withTcpInfo());
            Map<SocketState, Long> states =
                    tcp.stream().collect(Collectors.groupingBy(InetSocket::state, TreeMap::new, Collectors.counting()));
            List<TcpInfo> connections = tcp.stream().filter(socket -> socket.state() == SocketState.ESTABLISHED)
                    .map(InetSocket::tcpInfo).filter(Objects::nonNull).toList();
            long retransmitted = connections.stream().mapToLong(TcpInfo::bytesRetransmitted).sum();
            Duration slowest = connections.stream().map(TcpInfo::roundTrip).max(Duration::compareTo).orElse(Duration.ZERO);
            return found.names() + " " + states + " retransmitted " + retransmitted + " bytes, slowest round trip " + slowest;
        } catch (NoSuchFileException e) {
            return found.names() + " is gone";
        }
    }

    public static void main(String[] args) throws IOException {
        Duration pause = Duration.ofSeconds(Long.parseLong(args[0]));
        try (NamespaceWatch watch = NamespaceWatch.open(Duration.ofSeconds(1))) {
            for (;;) {
                for (FoundNamespace found : watch.namespaces()) {
                    System.out.println(report(found));
                }
                try {
                    NamespaceEvent event = watch.next(pause); // reports at once when a namespace appears or is gone
                    System.out.println(event);
                } catch (SocketTimeoutException e) {
                    // nothing has changed: it is time for the next report
                }
            }
        }
    }
}
