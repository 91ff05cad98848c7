package io.inpod.examples.ztunnel.ports;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;

/** Thrown when a port of a pod is taken by other sockets. The message names these, and {@link HolderSearch} logs their processes. */
public final class TakenPortException extends IOException {
    private static final long serialVersionUID = 1L;

    private TakenPortException(IOException cause, List<PortSocket> sockets) {
        super(cause.getMessage() + "; it is taken by " + String.join(", and ", PortHolders.words(sockets))
                + "; the ztunnel's log names the process if it can be found", cause);
    }

    /**
     * Returns why a port of TCP can't be bound: because of other sockets, or for another reason.
     *
     * @param cause why binding failed
     * @param namespace the pod's namespace
     * @param port the port
     * @param holders is asked for the processes that have these sockets
     * @return an exception that says it
     */
    public static IOException why(IOException cause, NetworkNamespace namespace, int port, HolderSearch holders) {
        return why(cause, namespace, port, holders, PortHolders::of);
    }

    /**
     * Returns why a port of UDP can't be bound: because of other sockets, or for another reason.
     *
     * @param cause why binding failed
     * @param namespace the pod's namespace
     * @param port the port
     * @param holders is asked for the processes that have these sockets
     * @return an exception that says it
     */
    public static IOException whyOfDatagrams(IOException cause, NetworkNamespace namespace, int port, HolderSearch holders) {
        return why(cause, namespace, port, holders, PortHolders::ofDatagrams);
    }

    private interface Listing {
        List<PortSocket> of(NetworkNamespace namespace, int port) throws IOException;
    }

    private static IOException why(IOException cause, NetworkNamespace namespace, int port, HolderSearch holders, Listing listing) {
        try {
            List<PortSocket> sockets = listing.of(namespace, port);
            if (sockets.isEmpty()) {
                return cause;
            }
            holders.request(namespace, port, sockets);
            return new TakenPortException(cause, sockets);
        } catch (IOException e) {
            return new IOException(cause.getMessage() + "; who has it is unknown: " + e.getMessage(), cause);
        }
    }
}
