package io.inpod.examples.ztunnel.proxy;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Thrown when a port of a pod can't be bound because of other sockets. The message names these, but not their processes. */
public final class TakenPortException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String reason;
    private final transient NetworkNamespace namespace;
    private final transient List<TcpSocket> sockets;

    private TakenPortException(IOException cause, NetworkNamespace namespace, List<TcpSocket> sockets) {
        super(taken(cause.getMessage(), PortHolders.words(sockets)), cause);
        this.reason = String.valueOf(cause.getMessage());
        this.namespace = namespace;
        this.sockets = sockets;
    }

    /** Returns why a port can't be bound: because of other sockets, or for another reason. */
    static IOException why(IOException cause, NetworkNamespace namespace, int port) {
        try {
            List<TcpSocket> sockets = PortHolders.of(namespace, port);
            return sockets.isEmpty() ? cause : new TakenPortException(cause, namespace, sockets);
        } catch (IOException e) {
            return new IOException(cause.getMessage() + "; who has it is unknown: " + e.getMessage(), cause);
        }
    }

    /**
     * Names the processes that have the sockets open too, as far as this process may inspect them.
     *
     * @return the message with the processes; finding them takes too long to hold a lock meanwhile
     */
    public String withProcesses() {
        return taken(reason, PortHolders.words(namespace, sockets));
    }

    private static String taken(@Nullable String reason, List<String> by) {
        return reason + "; it is taken by " + String.join(", and ", by);
    }
}
