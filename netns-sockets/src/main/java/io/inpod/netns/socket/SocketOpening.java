package io.inpod.netns.socket;

import io.inpod.netns.NamespaceBody;
import io.inpod.netns.NamespaceExecutor;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;

/** Opens a socket in a factory's namespace. */
@FunctionalInterface
interface SocketOpening<S> {
    /** Opens it. */
    S open() throws IOException;

    /** Opens it, with an error that names the namespace. */
    static <S> S in(Object namespace, SocketOpening<S> opening) throws IOException {
        try {
            return opening.open();
        } catch (java.net.SocketException | RejectedExecutionException e) {
            throw new IOException("no socket in " + namespace + ": " + e.getMessage(), e);
        }
    }

    /** Opens it on a thread of an executor, and waits. */
    static <S> S through(NamespaceExecutor executor, NetworkNamespace namespace, NamespaceBody<S, IOException> body) throws IOException {
        try {
            return executor.call(namespace, body).toCompletableFuture().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw e;
        }
    }
}
