package io.inpod.tproxy.upstream;

import io.inpod.netlink.TrackedConnections;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Asks a namespace's connection tracking about addresses and ports, on a socket that is opened with the first question. If it can't be
 * asked, for lack of CAP_NET_ADMIN or of the kernel's module, it isn't asked again. Thread-safe.
 */
final class TrackedTuples {
    private final NetworkNamespace namespace;
    private @Nullable TrackedConnections connections;
    private @Nullable IOException failure;
    private boolean closed;

    TrackedTuples(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /** Returns whether a connection with these addresses is open, or {@code ifUnknown}. */
    synchronized boolean contains(InetSocketAddress source, InetSocketAddress destination, boolean ifUnknown) {
        if (failure == null && !closed) {
            try {
                if (connections == null) {
                    connections = TrackedConnections.open(namespace);
                }
                return connections.isOpen(source, destination);
            } catch (IOException e) {
                failure = e;
                if (connections != null) {
                    connections.close();
                }
            }
        }
        return ifUnknown;
    }

    /** Returns why it can't be asked, or nothing. */
    synchronized String failure() {
        return failure == null ? "" : "; connection tracking can't be asked whether they are: " + failure.getMessage();
    }

    synchronized void close() {
        closed = true;
        if (connections != null) {
            connections.close();
        }
    }
}
