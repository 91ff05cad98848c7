package io.inpod.netns.unix;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Constants;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** Accepts connections on a unix SOCK_STREAM socket, see unix(7). Blocking; closing it ends a waiting {@link #accept}. */
public final class UnixStreamListener implements AutoCloseable {
    private final UnixListener listener;

    private UnixStreamListener(UnixListener listener) {
        this.listener = listener;
    }

    /**
     * Listens on a path. An existing socket file is replaced if nothing listens on it any more. Only processes of the same user may connect
     * (mode 0600).
     *
     * <p>A path that begins with {@code @} is an abstract address, without a file: see unix(7). It belongs to the network namespace of the
     * calling thread, ends with the listener, and has no permissions: any process of that namespace may connect, so check
     * {@link UnixStreamSocket#peer()}. A file of such a name is {@code ./@name}.
     *
     * @param path the file to create, at most 107 bytes, in a directory that exists; or {@code @} and a name of at most 107 bytes
     * @return the listener, to be closed by the caller
     * @throws SystemCallException EADDRINUSE if another listener uses the path, or the path isn't a socket
     * @throws IOException if the file can't be created
     */
    public static UnixStreamListener listen(Path path) throws IOException {
        return new UnixStreamListener(UnixListener.listen(Constants.SOCK_STREAM, path));
    }

    /**
     * Waits for a connection.
     *
     * @param timeout how long to wait; zero waits indefinitely
     * @return the connection, to be closed by the caller
     * @throws io.inpod.netns.error.AlreadyClosedException if this listener is closed, before or meanwhile
     * @throws java.net.SocketTimeoutException if none arrived in time
     * @throws IOException if the process has too many files open
     */
    public UnixStreamSocket accept(Duration timeout) throws IOException {
        return new UnixStreamSocket(listener.accept(timeout));
    }

    /** Stops listening and removes the file, if it has one. Closing twice does nothing. */
    @Override
    public void close() {
        listener.close();
    }

    @Override
    public String toString() {
        return listener.toString();
    }
}
