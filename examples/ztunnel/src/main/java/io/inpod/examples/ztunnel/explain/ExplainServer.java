package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers {@code ./inpod explain} inside a running proxy, on a thread of its own: from what the proxy knows, not from a file. */
public final class ExplainServer implements AutoCloseable {
    static final String PREFIX = "ztunnel-explain-";
    static final int MOST_BYTES = 32_768;
    static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Logger LOG = LoggerFactory.getLogger("explain");

    private final PrivateServer server;
    private final Report report;
    private final Supplier<Mesh> mesh;
    private final Supplier<Collection<OpenConnection>> open;

    private ExplainServer(PrivateServer server, Report report, Supplier<Mesh> mesh, Supplier<Collection<OpenConnection>> open) {
        this.server = server;
        this.report = report;
        this.mesh = mesh;
        this.open = open;
    }

    /**
     * Opens the socket, to which only the proxy's user and root may connect.
     *
     * @param config the proxy's configuration
     * @param enrolled returns whether an address is that of a pod on this node that is served
     * @param mesh the state of the mesh, as it is known now
     * @param open the connections that are open now
     * @return the server, whose {@link #run} the caller calls on a separate thread
     * @throws IOException if the socket can't be opened
     */
    public static ExplainServer open(ProxyConfig config, Predicate<InetAddress> enrolled, Supplier<Mesh> mesh,
            Supplier<Collection<OpenConnection>> open) throws IOException {
        Path file = config.handOverDirectory().resolve(PREFIX + UUID.randomUUID().toString().substring(0, 8) + ".sock");
        return new ExplainServer(PrivateServer.listen(file), new Report(config, enrolled), mesh, open);
    }

    /** Answers, one question at a time, until this is closed. */
    public void run() {
        server.run(Runnable::run, new PrivateServer.Handler() {
            @Override
            public void serve(SeqpacketSocket connection) {
                try (connection; UnixMessage packet = connection.receive(MOST_BYTES, 0, PATIENCE)) {
                    if (packet != null) {
                        answer(connection, StandardCharsets.UTF_8.decode(packet.data()).toString());
                    }
                } catch (IOException | RuntimeException e) {
                    LOG.warn("a question about a connection failed: {}", e.getMessage());
                }
            }

            @Override
            public void refused(UntrustedPeerException reason) {
                LOG.warn("connection refused: {}", reason.getMessage());
            }

            @Override
            public void failed(Exception cause) {
                LOG.error("can't accept questions on {}: {}", server, cause.getMessage());
            }
        });
    }

    /** The first packet is 0 or 1, the exit code; the others are lines. */
    private void answer(SeqpacketSocket connection, String text) throws IOException {
        try {
            Collection<String> lines = report.answer(mesh.get(), open.get(), Question.parse(text));
            send(connection, "0");
            for (String line : lines) {
                send(connection, line);
            }
        } catch (ConfigException | IllegalArgumentException e) {
            send(connection, "1");
            send(connection, String.valueOf(e.getMessage()));
        }
    }

    private static void send(SeqpacketSocket connection, String line) throws IOException {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        connection.send(ByteBuffer.wrap(bytes, 0, Math.min(bytes.length, MOST_BYTES)));
    }

    @Override
    public void close() {
        server.close();
    }
}
