package io.inpod.tproxy.internal;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.SocketState;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The listening TCP sockets of a namespace, from sock_diag(7), which doesn't look at connections then. Where the kernel has no
 * CONFIG_INET_DIAG, from {@link ProcListeners}, for which it searches the connections of all namespaces: tens of milliseconds on a machine
 * with much memory.
 */
public final class ListenerTable {
    private static final int ENOENT = 2;
    private static final SocketQuery LISTENERS = SocketQuery.tcp().in(SocketState.LISTEN);

    /** Where a socket listens; the address's text differs between families. */
    record Listener(String address, int port) {}

    private ListenerTable() {}

    /**
     * Counts the sockets that share a port.
     *
     * @param namespace the namespace
     * @param port the port
     * @return how many sockets listen on the same address with that port; the greatest number if there are several addresses
     * @throws IOException if the kernel's table can't be read
     */
    public static int listeners(NetworkNamespace namespace, int port) throws IOException {
        int most = 0;
        Map<Listener, Integer> same = new HashMap<>();
        for (Listener listener : read(namespace)) {
            if (listener.port == port) {
                most = Math.max(most, same.merge(listener, 1, Integer::sum));
            }
        }
        return most;
    }

    /** Returns the ports on which any socket listens, at any address. */
    public static Set<Integer> ports(NetworkNamespace namespace) throws IOException {
        return read(namespace).stream().map(Listener::port).collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Listener> read(NetworkNamespace namespace) throws IOException {
        try (SocketDiag sockets = SocketDiag.open(namespace)) {
            return sockets.list(LISTENERS).stream()
                    .map(socket -> new Listener(socket.family() + " " + socket.local().getAddress().getHostAddress(),
                            socket.local().getPort()))
                    .toList();
        } catch (NetlinkException e) {
            if (e.errno() != ENOENT) {
                throw e;
            }
            return ProcListeners.read(namespace);
        }
    }
}
