package io.inpod.examples.ztunnel.succession;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets listeners from the ztunnel that is running, and gives this process's listeners to the next one. Each process has a unix socket in a
 * directory that all ztunnels of the node share; both ends check that the other one is of the same user or root.
 */
public final class Succession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("succession");
    private static final Duration ANSWER = Duration.ofSeconds(2);
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final Duration STARTING = Duration.ofMinutes(1);
    private static final String PREFIX = "ztunnel-listeners-";

    private final Path directory;
    private final OwnListeners own;
    private final @Nullable Path file;
    private final @Nullable PrivateServer server;
    /** The sockets of ztunnels that don't answer, with the time until which they aren't asked again, of {@link System#nanoTime}. */
    private final Map<Path, Long> silent = new ConcurrentHashMap<>();

    private Succession(Path directory, OwnListeners own, @Nullable Path file, @Nullable PrivateServer server) {
        this.directory = directory;
        this.own = own;
        this.file = file;
        this.server = server;
    }

    /**
     * Opens this process's socket. If that is impossible, logs why: this process then has no successor, but may still be one.
     *
     * @param directory the directory that the ztunnels share
     * @param own this process's listeners
     * @return the succession, whose {@link #run()} the caller calls on a separate thread
     */
    public static Succession open(Path directory, OwnListeners own) {
        Path file = directory.resolve(PREFIX + UUID.randomUUID().toString().substring(0, 8) + ".sock");
        try {
            return new Succession(directory, own, file, PrivateServer.listen(file));
        } catch (IOException e) {
            LOG.warn("the next ztunnel can't take over this one's listeners: {}", e.getMessage());
            return new Succession(directory, own, null, null);
        }
    }

    /** {@return this process's listeners} */
    public OwnListeners own() {
        return own;
    }

    /** Answers successors, one at a time, until this is closed. */
    public void run() {
        PrivateServer serving = server;
        if (serving == null) {
            return;
        }
        serving.run(Runnable::run, new PrivateServer.Handler() {
            @Override
            public void serve(SeqpacketSocket connection) {
                try (connection; UnixMessage packet = connection.receive(Request.MAX_BYTES, 0, ANSWER)) {
                    if (packet != null) {
                        answer(connection, Request.of(packet.data()));
                    }
                } catch (IOException | RuntimeException e) {
                    LOG.warn("a successor's request failed: {}", e.getMessage());
                }
            }

            @Override
            public void refused(UntrustedPeerException reason) {
                LOG.warn("connection refused: {}", reason.getMessage());
            }

            @Override
            public void failed(Exception cause) {
                LOG.error("can't accept a successor on {}: {}", serving, cause.getMessage());
            }
        });
    }

    private void answer(SeqpacketSocket connection, Request request) throws IOException {
        try (OwnedFd listener = own.duplicate(request.namespace(), request.kind(), request.port())) {
            if (listener == null) {
                connection.send(Request.bytes("0"));
                return;
            }
            connection.send(Request.bytes("1"), listener);
        }
        try (UnixMessage taken = connection.receive(Request.MAX_BYTES, 0, ANSWER)) {
            if (taken != null && Request.text(taken.data()).equals(Request.TAKEN)) {
                own.notePassed(request.namespace(), request.kind(), request.port());
                LOG.info("port {} of {} is accepted from by a successor too", request.port(), request.namespace());
            }
        }
    }

    /** Creates something from a listener that another process has passed. */
    public interface Adoption<T> {
        /**
         * Takes a listener over.
         *
         * @param listener its descriptor, which remains the caller's
         * @return the result
         * @throws IOException if it isn't usable
         */
        T adopt(OwnedFd listener) throws IOException;
    }

    /**
     * Takes over a listener from another ztunnel. One that hangs is waited for briefly, and then left alone for some seconds, so that it
     * doesn't delay every port of every pod.
     *
     * @param namespace the pod's namespace
     * @param local the listener's address and port
     * @param adoption creates the result from the descriptor
     * @return the result, or null if no other ztunnel listens there, or the one that does hangs
     */
    public <T> @Nullable T take(NetworkNamespace namespace, InetSocketAddress local, Adoption<T> adoption) {
        return take(namespace, Request.listener(local), local.getPort(), adoption);
    }

    /**
     * Takes over a UDP socket from another ztunnel, as {@link #take(NetworkNamespace, InetSocketAddress, Adoption)} does a listener.
     *
     * @param namespace the pod's namespace
     * @param local the socket's address and port
     * @param adoption creates the result from the descriptor
     * @return the result, or null if no other ztunnel has that socket, or the one that does hangs
     */
    public <T> @Nullable T takeDatagrams(NetworkNamespace namespace, InetSocketAddress local, Adoption<T> adoption) {
        return take(namespace, Request.datagrams(local), local.getPort(), adoption);
    }

    private <T> @Nullable T take(NetworkNamespace namespace, String kind, int port, Adoption<T> adoption) {
        for (Path other : others()) {
            try (SeqpacketSocket connection = PrivateSocket.connect(other, ANSWER)) {
                connection.send(new Request(namespace.identity(), kind, port).bytes());
                try (UnixMessage answer = connection.receive(Request.MAX_BYTES, 1, ANSWER)) {
                    if (answer == null || answer.descriptors() == 0) {
                        continue;
                    }
                    T result;
                    try (OwnedFd listener = answer.take()) {
                        result = adoption.adopt(listener);
                    }
                    try {
                        connection.send(Request.bytes(Request.TAKEN));
                    } catch (IOException e) {
                        LOG.debug("the predecessor ended meanwhile: {}", e.getMessage());
                    }
                    return result;
                }
            } catch (ConnectException e) {
                delete(other); // of a process that was killed
            } catch (SocketTimeoutException e) {
                silent.put(other, System.nanoTime() + SILENCE.toNanos());
                LOG.warn("can't take over port {} of {}: the ztunnel at {} doesn't answer, and isn't asked again for {} s", port, namespace,
                        other, SILENCE.toSeconds());
            } catch (IOException e) {
                LOG.warn("can't take over port {} of {} by {}: {}", port, namespace, other, e.getMessage());
            }
        }
        return null;
    }

    private List<Path> others() {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> sockets = Files.newDirectoryStream(directory, PREFIX + "*.sock")) {
            for (Path socket : sockets) {
                if (!socket.equals(file)) {
                    found.add(socket);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warn("can't look for other ztunnels in {}: {}", directory, e.getMessage());
        }
        silent.keySet().retainAll(found);
        long now = System.nanoTime();
        silent.values().removeIf(until -> now - until >= 0);
        found.removeAll(silent.keySet());
        return found;
    }

    /** A process that is just starting has a file too, on which it doesn't listen yet. */
    private static void delete(Path stale) {
        try {
            if (Files.getLastModifiedTime(stale).toInstant().isBefore(Instant.now().minus(STARTING))) {
                Files.deleteIfExists(stale);
            }
        } catch (IOException e) {
            LOG.debug("can't delete {}: {}", stale, e.getMessage());
        }
    }

    /** Stops answering, and removes the socket. Closing twice does nothing. */
    @Override
    public void close() {
        PrivateServer serving = server;
        if (serving != null) {
            serving.close();
        }
    }
}
