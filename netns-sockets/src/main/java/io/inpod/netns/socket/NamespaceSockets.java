package io.inpod.netns.socket;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketException;
import java.util.concurrent.RejectedExecutionException;

/**
 * Opens the JDK's sockets in a namespace. Each has its descriptor before it is bound or connected, so that this may happen anywhere.
 *
 * @param namespace for messages only
 * @param opening opens one
 */
record NamespaceSockets<S extends Closeable>(Object namespace, Opening<S> opening) {
    /** Opens one, with an error that names the namespace. */
    S open() throws IOException {
        try {
            return opening.open();
        } catch (SocketException | RejectedExecutionException e) {
            throw new IOException("no socket in " + namespace + ": " + e.getMessage(), e);
        }
    }

    /** Opens one, and binds or connects it; closes it if that fails. */
    S open(FirstUse<S> use) throws IOException {
        S socket = open();
        try {
            use.of(socket);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Opens a socket. */
    @FunctionalInterface
    interface Opening<S> {
        S open() throws IOException;
    }

    /** Binds or connects a socket. */
    @FunctionalInterface
    interface FirstUse<S> {
        void of(S socket) throws IOException;
    }
}
