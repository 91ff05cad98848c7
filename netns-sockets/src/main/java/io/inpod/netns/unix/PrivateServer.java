package io.inpod.netns.unix;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Accepts connections on a {@link PrivateSocket}, closes those of other users, and hands the rest to a handler. If accepting fails it
 * pauses for a second, so that a process without free descriptors doesn't spin, and continues.
 *
 * <p>Starts no thread: the caller calls {@link #run} on a separate thread and supplies the threads that serve connections. Any thread
 * may close it.
 */
public final class PrivateServer implements AutoCloseable {
    private static final long PAUSE_SECONDS = 1;

    private final SeqpacketListener listener;
    private final CountDownLatch closed = new CountDownLatch(1);

    private PrivateServer(SeqpacketListener listener) {
        this.listener = listener;
    }

    /** Serves the connections of a {@link PrivateServer}, and learns of those that could not be accepted. */
    public interface Handler {
        /**
         * Serves a connection, on one of the executor's threads.
         *
         * @param connection the connection, to be closed by the handler
         */
        void serve(SeqpacketSocket connection);

        /**
         * A connection was closed because its peer is neither root nor this process's user. Called by the thread that accepts.
         *
         * @param reason names the peer
         */
        void refused(UntrustedPeerException reason);

        /**
         * A connection could not be accepted, or the executor refused to serve it. Called by the thread that accepts.
         *
         * @param cause why
         */
        void failed(Exception cause);
    }

    /**
     * Listens. Nothing is accepted before {@link #run} is called.
     *
     * @param path the socket's file, see {@link PrivateSocket#listen}
     * @return the server, to be closed by the caller
     * @throws IOException see {@link PrivateSocket#listen}
     */
    public static PrivateServer listen(Path path) throws IOException {
        return new PrivateServer(PrivateSocket.listen(path));
    }

    /**
     * Accepts connections until this server is closed or the calling thread is interrupted during a pause, which closes it.
     *
     * @param executor runs a task for each connection
     * @param handler serves the connections
     */
    public void run(Executor executor, Handler handler) {
        while (!isClosed()) {
            try {
                SeqpacketSocket connection = PrivateSocket.accept(listener, Duration.ZERO);
                try {
                    executor.execute(() -> handler.serve(connection));
                } catch (RuntimeException e) {
                    connection.close();
                    throw e;
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (UntrustedPeerException e) {
                handler.refused(e);
            } catch (IOException | RuntimeException e) {
                handler.failed(e);
                pause();
            }
        }
    }

    private void pause() {
        try {
            closed.await(PAUSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
        }
    }

    /** {@return whether this server has been closed} */
    public boolean isClosed() {
        return closed.getCount() == 0;
    }

    /** Stops listening and removes the file. Connections that were accepted stay open. Closing twice does nothing. */
    @Override
    public void close() {
        closed.countDown();
        listener.close();
    }

    @Override
    public String toString() {
        return listener.toString();
    }
}
