package io.inpod.examples.nodeagent.plugin;

import io.inpod.examples.nodeagent.pod.Enrolment;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the CNI plugin on a unix socket that only root can use. A runtime starts one plugin per pod, all at once if it must; each waits
 * for its own pod only. {@link #run()} and each call need a thread of the caller's.
 */
public final class PluginServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    /** More than the pods of a node: whoever connects beyond that waits in the socket's queue. */
    private static final int CALLS = 512;

    /** The plugin sends everything at once, so one that doesn't is none, and must make room. */
    private static final Duration TO_SEND = Duration.ofSeconds(2);

    private static final int PACKET = 32 * 1024;
    private static final int LARGEST = 1024 * 1024 + 64 * 1024;

    private final PrivateServer server;
    private final PluginAnswers answers;
    private final Executor executor;
    private final Semaphore free;
    private final Duration toSend;

    /** Answers so many calls at once, and waits so long for each to be sent. */
    PluginServer(PrivateServer server, PluginAnswers answers, Executor executor, int calls, Duration toSend) {
        this.server = server;
        this.answers = answers;
        this.executor = executor;
        this.free = new Semaphore(calls);
        this.toSend = toSend;
    }

    /**
     * Listens. Nothing is answered before {@link #run()} is called.
     *
     * @param socket the socket's file, see {@link io.inpod.netns.unix.PrivateSocket#listen}
     * @param source decides which pods belong to the mesh
     * @param enrolment enrols them
     * @param states the states of the enrolled pods, by uid; empty for a pod that isn't enrolled
     * @param executor runs a task for each call of the plugin, which may take as long as the plugin's time limit
     * @return the server, to be closed by the caller
     * @throws IOException see {@link io.inpod.netns.unix.PrivateSocket#listen}
     */
    public static PluginServer listen(Path socket, PodSource source, Enrolment enrolment, Function<String, Optional<PodState>> states,
            Executor executor) throws IOException {
        return new PluginServer(PrivateServer.listen(socket), new PluginAnswers(source, enrolment, states), executor, CALLS, TO_SEND);
    }

    /** Answers until this server is closed. */
    public void run() {
        server.run(this::execute, new Connections());
    }

    /** Holds up the thread that accepts while too many calls are being answered. */
    private void execute(Runnable task) {
        free.acquireUninterruptibly();
        try {
            executor.execute(() -> {
                try {
                    task.run();
                } finally {
                    free.release();
                }
            });
        } catch (RuntimeException e) {
            free.release();
            throw e;
        }
    }

    /** A client has ended its connection without a word, as {@code ./inpod agent uninstall} does to find out whether an agent runs. */
    private static final class SilentException extends IOException {
        private static final long serialVersionUID = 1;
    }

    /** What is done with each connection. */
    private final class Connections implements PrivateServer.Handler {
        @Override
        public void serve(SeqpacketSocket connection) {
            try (connection) {
                connection.send(answer(connection));
            } catch (SilentException e) {
                LOG.debug("CNI plugin: a client only asked whether somebody listens");
            } catch (SocketTimeoutException e) {
                LOG.warn("CNI plugin: a client didn't send its request within {} ms", toSend.toMillis());
            } catch (IOException e) {
                LOG.warn("CNI plugin: {}", e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void refused(UntrustedPeerException reason) {
            LOG.warn("CNI plugin: connection refused: {}", reason.getMessage());
        }

        @Override
        public void failed(Exception cause) {
            LOG.error("CNI plugin: can't accept a connection: {}", cause.getMessage());
        }
    }

    private ByteBuffer answer(SeqpacketSocket connection) throws IOException, InterruptedException {
        String version = "1.0.0";
        String about = "a call";
        try (PluginCall call = receive(connection)) {
            version = call.version();
            about = printable(call.variable("CNI_COMMAND") + " with " + call.variable("CNI_ARGS"));
            answers.answer(call);
            LOG.debug("CNI plugin: {}: passed", about);
            return PluginReply.pass();
        } catch (SocketTimeoutException | SilentException e) {
            throw e;
        } catch (RefusedException e) {
            LOG.warn("CNI plugin: {}: {}; {}", about, e.getMessage(), e.details());
            return PluginReply.refused(e, version);
        } catch (IOException | RuntimeException e) {
            LOG.error("CNI plugin: {} failed", about, e);
            return PluginReply.refused(new RefusedException(RefusedException.TRY_AGAIN, "the node agent has failed", e.toString()),
                    version);
        }
    }

    private static String printable(String text) {
        return (text.length() > 500 ? text.substring(0, 500) + "..." : text).replaceAll("\\p{Cntrl}", "?");
    }

    /** Receives packets until the plugin has said everything, and takes the namespace that comes with one of them. */
    private PluginCall receive(SeqpacketSocket connection) throws IOException {
        long end = System.nanoTime() + toSend.toNanos();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        NetworkNamespace netns = null;
        try {
            for (;;) {
                Duration left = Duration.ofNanos(Math.max(1000, end - System.nanoTime()));
                try (UnixMessage packet = connection.receive(PACKET, 1, left)) {
                    if (packet == null && all.size() == 0) {
                        throw new SilentException();
                    }
                    if (packet == null) {
                        PluginCall call = PluginCall.read(all.toByteArray(), netns);
                        netns = null; // the call's now
                        return call;
                    }
                    if (all.size() + packet.data().remaining() > LARGEST) {
                        throw new RefusedException(RefusedException.UNREADABLE, "the plugin's message is too large", "");
                    }
                    append(all, packet.data());
                    netns = packet.descriptors() == 0 ? netns : onlyOne(netns, packet);
                }
            }
        } finally {
            if (netns != null) {
                netns.close();
            }
        }
    }

    private static void append(ByteArrayOutputStream all, ByteBuffer data) {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        all.writeBytes(bytes);
    }

    private static NetworkNamespace onlyOne(@Nullable NetworkNamespace earlier, UnixMessage packet) throws IOException {
        if (earlier != null) {
            throw new RefusedException(RefusedException.UNREADABLE, "the plugin sent two network namespaces", "");
        }
        try {
            return NetworkNamespace.adopt(packet.take());
        } catch (IOException e) {
            throw new RefusedException(RefusedException.ENVIRONMENT, "CNI_NETNS is no network namespace", String.valueOf(e.getMessage()));
        }
    }

    /** Stops listening and removes the socket's file. Calls that are being answered go on. Closing twice does nothing. */
    @Override
    public void close() {
        server.close();
    }

    @Override
    public String toString() {
        return server.toString();
    }
}
