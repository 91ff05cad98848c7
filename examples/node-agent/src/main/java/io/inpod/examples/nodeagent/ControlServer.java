package io.inpod.examples.nodeagent;

import io.inpod.examples.zds.PrivateSocket;
import io.inpod.examples.zds.UntrustedPeerException;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.TruncatedMessageException;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes commands for an {@link Agent} from local clients. {@link #run()} and each client need a thread of the caller's. */
final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final Agent agent;
    private final SeqpacketListener listener;
    private final Executor executor;
    private final Duration idleLimit;
    private final ControlJson json = new ControlJson();
    private final CountDownLatch closed = new CountDownLatch(1);

    /** Listens; a client that says nothing for the limit is disconnected. */
    ControlServer(Agent agent, Path path, Executor executor, Duration idleLimit) throws IOException {
        this.agent = agent;
        this.executor = executor;
        this.idleLimit = idleLimit;
        this.listener = PrivateSocket.listen(path);
    }

    void run() {
        while (closed.getCount() > 0) {
            try {
                SeqpacketSocket socket = PrivateSocket.accept(listener, Duration.ZERO);
                try {
                    executor.execute(() -> serve(socket));
                } catch (RuntimeException e) {
                    socket.close();
                    throw e;
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (UntrustedPeerException e) {
                LOG.warn("control connection refused: {}", e.getMessage());
            } catch (IOException | RuntimeException e) {
                LOG.error("can't accept a control connection: {}", e.getMessage());
                pause();
            }
        }
    }

    /** A process without free descriptors would otherwise spin. */
    private void pause() {
        try {
            closed.await(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
        }
    }

    private void serve(SeqpacketSocket socket) {
        try (socket) {
            while (answerNext(socket)) {
                // until the client leaves
            }
        } catch (SocketTimeoutException e) {
            LOG.warn("control connection closed: nothing was asked for {} ms", idleLimit.toMillis());
        } catch (IOException e) {
            LOG.warn("control connection closed: {}", e.getMessage());
        }
    }

    private boolean answerNext(SeqpacketSocket socket) throws IOException {
        ControlReply reply;
        try (UnixMessage packet = socket.receive(ControlJson.MAX_REQUEST_BYTES, 0, idleLimit)) {
            if (packet == null) {
                return false;
            }
            reply = answer(packet);
        } catch (TruncatedMessageException e) {
            reply = ControlReply.failed(String.valueOf(e.getMessage()));
        }
        if (reply.error() != null) {
            LOG.warn("control command refused: {}", reply.error());
        }
        ByteBuffer message = json.write(reply);
        socket.send(message.remaining() <= ControlJson.MAX_REPLY_BYTES
                ? message : json.write(ControlReply.failed("the answer doesn't fit a packet")));
        return true;
    }

    private ControlReply answer(UnixMessage packet) {
        try {
            ControlRequest request = json.read(packet, ControlRequest.class);
            return switch (String.valueOf(request.command())) {
                case "add" -> {
                    Path netns = request.namespacePath();
                    if (netns == null) {
                        throw new AgentException("\"netns\" or \"pid\" is missing");
                    }
                    agent.add(request.checkedUid(), request.info(), request.overrides(), netns);
                    yield ControlReply.done();
                }
                case "delete" -> {
                    agent.delete(request.checkedUid(), request.namespacePath());
                    yield ControlReply.done();
                }
                case "list" -> ControlReply.of(agent.list());
                default -> throw new AgentException("\"command\" must be add, delete or list");
            };
        } catch (IOException e) {
            return ControlReply.failed(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("unexpected failure", e);
            return ControlReply.failed("unexpected failure: " + e);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        listener.close();
    }
}
