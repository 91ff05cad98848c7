package io.inpod.examples.nodeagent.control;

import io.inpod.examples.nodeagent.files.PodFile;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.TruncatedMessageException;
import io.inpod.netns.unix.UnixMessage;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Receives {@linkplain Commands commands} from local clients. {@link #run()} and each client need a thread of the caller's. */
public final class ControlServer implements PrivateServer.Handler, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    /** An answer, and the namespace that goes with it. */
    private record Answer(ControlReply reply, @Nullable NetworkNamespace netns) implements AutoCloseable {
        static Answer failed(String error) {
            return new Answer(ControlReply.failed(error), null);
        }

        @Override
        public void close() {
            if (netns != null) {
                netns.close();
            }
        }
    }

    private final Commands agent;
    private final PrivateServer server;
    private final Executor executor;
    private final Duration idleLimit;
    private final ControlJson json = new ControlJson();

    /**
     * Listens.
     *
     * @param agent carries out the commands
     * @param path the socket's file
     * @param executor has a thread for each client
     * @param idleLimit a client that sends nothing for so long is disconnected
     * @throws IOException if the directory can't be trusted, or another process listens on this path
     */
    public ControlServer(Commands agent, Path path, Executor executor, Duration idleLimit) throws IOException {
        this.agent = agent;
        this.executor = executor;
        this.idleLimit = idleLimit;
        this.server = PrivateServer.listen(path);
    }

    /** Accepts clients until this server is closed. */
    public void run() {
        server.run(executor, this);
    }

    @Override
    public void refused(UntrustedPeerException reason) {
        LOG.warn("control connection refused: {}", reason.getMessage());
    }

    @Override
    public void failed(Exception cause) {
        LOG.error("can't accept a control connection: {}", cause.getMessage());
    }

    @Override
    public void serve(SeqpacketSocket socket) {
        try (socket) {
            while (answerNext(socket)) {
                // until the client closes the connection
            }
        } catch (SocketTimeoutException e) {
            LOG.warn("control connection closed: no command within {} ms", idleLimit.toMillis());
        } catch (IOException e) {
            LOG.warn("control connection closed: {}", e.getMessage());
        }
    }

    private boolean answerNext(SeqpacketSocket socket) throws IOException {
        Answer received;
        try (UnixMessage packet = socket.receive(ControlJson.MAX_REQUEST_BYTES, 0, idleLimit)) {
            if (packet == null) {
                return false;
            }
            received = answer(packet);
        } catch (TruncatedMessageException e) {
            received = Answer.failed(String.valueOf(e.getMessage()));
        }
        try (Answer answer = received) {
            ControlReply reply = answer.reply();
            if (reply.error() != null) {
                LOG.warn("control command refused: {}", reply.error());
            }
            ByteBuffer message = json.write(reply);
            if (message.remaining() > ControlJson.MAX_REPLY_BYTES) {
                socket.send(json.write(ControlReply.failed("the answer doesn't fit into a packet")));
            } else if (answer.netns() == null) {
                socket.send(message);
            } else {
                socket.send(message, answer.netns().fd());
            }
        }
        return true;
    }

    private Answer answer(UnixMessage packet) {
        try {
            ControlRequest request = json.read(packet, ControlRequest.class);
            PodFile pod = request.pod();
            return switch (String.valueOf(request.command())) {
                case "add" -> {
                    if (pod.namespacePath() == null) {
                        throw new AgentException("\"netns\" or \"pid\" is missing");
                    }
                    agent.add(pod);
                    yield new Answer(ControlReply.done(), null);
                }
                case "delete" -> {
                    agent.delete(pod.checkedUid(), pod.namespacePath());
                    yield new Answer(ControlReply.done(), null);
                }
                case "list" -> new Answer(ControlReply.of(agent.list(), agent.problems()), null);
                case "verify" -> new Answer(ControlReply.ofDifferences(agent.differences()), null);
                case "inspect" -> {
                    Inspected found = agent.inspect(request.uid(), request.namespace(), request.name());
                    yield new Answer(ControlReply.of(found.details()), found.netns());
                }
                default -> throw new AgentException("\"command\" must be add, delete, list, verify or inspect");
            };
        } catch (IOException e) {
            return Answer.failed(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Answer.failed("the agent stops");
        } catch (RuntimeException e) {
            LOG.error("unexpected failure", e);
            return Answer.failed("unexpected failure: " + e);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
