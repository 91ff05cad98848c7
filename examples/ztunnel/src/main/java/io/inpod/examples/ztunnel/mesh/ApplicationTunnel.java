package io.inpod.examples.ztunnel.mesh;

import org.jspecify.annotations.Nullable;

/**
 * How an app that is itself a proxy is told about a connection's client.
 *
 * @param protocol what is written in front of the client's data
 * @param port the app's port for all such connections, or null if it is the connection's own
 */
public record ApplicationTunnel(Protocol protocol, @Nullable Integer port) {
    /** What is written in front of the client's data. */
    public enum Protocol {
        /** Nothing. */
        NONE,
        /** A header of the PROXY protocol, version 2. */
        PROXY
    }
}
