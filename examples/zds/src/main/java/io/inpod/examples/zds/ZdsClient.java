package io.inpod.examples.zds;

import com.google.protobuf.InvalidProtocolBufferException;
import io.inpod.examples.zds.internal.Messages;
import io.inpod.examples.zds.internal.Wire;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NotANetworkNamespaceException;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.TruncatedMessageException;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The proxy's end of a ZDS session. One thread of the caller's alternates between {@link #receive()} and an answer; any thread may call
 * {@link #close()}, which ends a waiting receive. Blocks, so it must not be used on event loops; starts no thread.
 *
 * <p>A proxy reconnects after a {@link ZdsSessionException} and ends after a {@link ZdsProtocolException}; in both cases the reason has
 * been sent to the agent. After a {@link ZdsRequestException} it answers with {@link #nack(String)} and continues.
 */
public final class ZdsClient implements AutoCloseable {
    private static final Duration NO_LIMIT = Duration.ZERO;
    /** The maximum that the kernel passes (SCM_MAX_FD), so that an error can say how many arrived. */
    private static final int MAX_DESCRIPTORS = 253;

    private final SeqpacketSocket socket;
    private boolean answerDue;
    private boolean snapshotSent;

    private ZdsClient(SeqpacketSocket socket) {
        this.socket = socket;
    }

    /**
     * Connects to an agent and sends the greeting. Before that, checks that the agent runs as root or as this process's user and that the
     * socket's directory belongs to one of the two.
     *
     * @param path the agent's socket, such as {@code /var/run/ztunnel/ztunnel.sock}
     * @return the session, to be closed by the caller
     * @throws ZdsSessionException if no agent listens on this path or it isn't trusted; retrying later makes sense
     */
    public static ZdsClient connect(Path path) throws ZdsSessionException {
        try {
            SeqpacketSocket socket = PrivateSocket.connect(path);
            try {
                socket.send(Messages.hello());
                return new ZdsClient(socket);
            } catch (IOException e) {
                socket.close();
                throw e;
            }
        } catch (IOException e) {
            throw new ZdsSessionException("can't open a session with an agent at " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Waits for the agent's next request.
     *
     * @return the request, which must be answered
     * @throws ZdsRequestException if the request can't be served; it must be answered with {@link #nack(String)}, and the session stays up
     * @throws ZdsSessionException if the session is over, for example because the agent closed it
     * @throws ZdsProtocolException if the agent violates the protocol
     * @throws IllegalStateException if the last request hasn't been answered
     */
    public ZdsRequest receive() throws ZdsException {
        if (answerDue) {
            throw new IllegalStateException("the last request hasn't been answered");
        }
        try (UnixMessage packet = socket.receive(Messages.MAX_BYTES, MAX_DESCRIPTORS, NO_LIMIT)) {
            if (packet == null) {
                throw new ZdsSessionException("the agent has closed the session on " + socket);
            }
            answerDue = true;
            return read(packet);
        } catch (ZdsRequestException e) {
            throw e;
        } catch (ZdsException e) {
            throw end(e);
        } catch (TruncatedMessageException e) {
            answerDue = true;
            throw end(new ZdsSessionException("received truncated message: " + e.getMessage(), e));
        } catch (InvalidProtocolBufferException e) {
            throw end(new ZdsSessionException("failed to decode message: " + e.getMessage(), e));
        } catch (IOException e) {
            throw end(new ZdsSessionException("failed to read from the agent: " + e.getMessage(), e));
        }
    }

    private ZdsException end(ZdsException reason) {
        if (answerDue) {
            try {
                nack(String.valueOf(reason.getMessage()));
            } catch (ZdsSessionException e) {
                reason.addSuppressed(e);
            }
        }
        close();
        return reason;
    }

    private ZdsRequest read(UnixMessage packet) throws IOException {
        Wire.WorkloadRequest request = Wire.WorkloadRequest.parseFrom(packet.data());
        if (!request.hasAdd() && packet.descriptors() > 0) {
            throw new ZdsSessionException("unexpected file descriptors with a message other than Add: " + packet.descriptors());
        }
        return switch (request.getPayloadCase()) {
            case ADD -> add(request.getAdd(), packet);
            case KEEP -> {
                if (snapshotSent) {
                    throw new ZdsProtocolException("Keep of pod " + request.getKeep().getUid() + " after the snapshot");
                }
                yield new ZdsRequest.Keep(request.getKeep().getUid());
            }
            case DEL -> new ZdsRequest.Del(request.getDel().getUid());
            case SNAPSHOT_SENT -> {
                if (snapshotSent) {
                    throw new ZdsProtocolException("a second SnapshotSent in one session");
                }
                snapshotSent = true;
                yield new ZdsRequest.SnapshotSent();
            }
            case PAYLOAD_NOT_SET -> throw new ZdsSessionException("a request without a payload that this version knows");
        };
    }

    private static ZdsRequest.Add add(Wire.AddWorkload add, UnixMessage packet) throws IOException {
        String what = "Add of pod " + add.getUid();
        if (packet.descriptors() != 1) {
            throw new ZdsSessionException(what + " came with " + packet.descriptors() + " file descriptors instead of one");
        }
        if (!add.hasWorkloadInfo()) {
            throw new ZdsProtocolException(what + " has no workload_info");
        }
        if (add.getUid().isEmpty()) {
            throw new ZdsRequestException("", "an Add without a uid", null);
        }
        Wire.WorkloadInfo info = add.getWorkloadInfo();
        OwnedFd fd = packet.take();
        try {
            return new ZdsRequest.Add(add.getUid(), new WorkloadInfo(info.getName(), info.getNamespace(), info.getServiceAccount()),
                    NetworkNamespace.adopt(fd));
        } catch (NotANetworkNamespaceException e) {
            throw new ZdsRequestException(add.getUid(), what + ": " + e.getMessage(), e);
        }
    }

    /**
     * Answers that the last request has been served.
     *
     * @throws ZdsSessionException if the session is over
     * @throws IllegalStateException if no request is waiting for an answer
     */
    public void ack() throws ZdsSessionException {
        answer(Messages.ack());
    }

    /**
     * Answers that the last request could not be served.
     *
     * @param error why, in words; truncated so that the answer stays below 1024 bytes
     * @throws ZdsSessionException if the session is over
     * @throws IllegalStateException if no request is waiting for an answer
     */
    public void nack(String error) throws ZdsSessionException {
        answer(Messages.nack(error));
    }

    private void answer(ByteBuffer message) throws ZdsSessionException {
        if (!answerDue) {
            throw new IllegalStateException("no request is waiting for an answer");
        }
        answerDue = false;
        try {
            socket.send(message);
        } catch (IOException e) {
            close();
            throw new ZdsSessionException("failed to answer the agent: " + e.getMessage(), e);
        }
    }

    /** Ends the session. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
    }
}
