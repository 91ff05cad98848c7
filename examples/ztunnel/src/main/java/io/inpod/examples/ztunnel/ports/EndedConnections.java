package io.inpod.examples.ztunnel.ports;

import io.inpod.netlink.TcpSocket;
import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.SocketState;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Set;

/**
 * What is left of connections that a proxy accepted on a port. The kernel remembers them for a minute after both ends have closed
 * (TIME_WAIT). They keep the port from a listener unless their options agree: this proxy sets SO_REUSEADDR, and Istio's sets SO_REUSEPORT.
 * So each proxy would keep the other from taking its place; this one forgets what the other has left, and what it leaves itself.
 */
public final class EndedConnections {
    /** More than one client can leave behind in a minute, as it has no more source ports. */
    private static final int MOST = 65_536;

    private EndedConnections() {}

    /**
     * Makes the kernel forget them, if nothing listens on the port.
     *
     * @param namespace the namespace
     * @param port the port
     * @return how many it has forgotten
     * @throws IOException if it can't; some may have been forgotten
     */
    public static int forget(NetworkNamespace namespace, int port) throws IOException {
        if (!TcpSocket.listening(namespace, Set.of(port)).isEmpty()) {
            return 0;
        }
        SocketQuery ended =
                SocketQuery.tcp().in(SocketState.TIME_WAIT, SocketState.FIN_WAIT_2).where(SocketFilter.localPort(port)).first(MOST);
        int forgotten = 0;
        try (SocketDiag sockets = SocketDiag.open(namespace)) {
            for (InetSocket socket : sockets.list(ended)) {
                if (socket.inode() == 0 && sockets.destroy(socket)) { // no process has it
                    forgotten++;
                }
            }
        }
        return forgotten;
    }
}
