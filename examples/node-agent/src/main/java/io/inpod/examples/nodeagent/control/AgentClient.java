package io.inpod.examples.nodeagent.control;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * The other end of a {@link ControlServer}'s socket. Immutable; each request blocks and has a connection of its own.
 *
 * @param path the socket's file
 * @param patience how long to wait for an answer
 */
public record AgentClient(Path path, Duration patience) {
    /**
     * Sends a request.
     *
     * @param request the request
     * @return the agent's answer, which may be a refusal
     * @throws IOException if there is no agent, or it doesn't answer
     */
    public ControlReply ask(ControlRequest request) throws IOException {
        return exchange(request, 0, (reply, packet) -> reply);
    }

    /**
     * Asks for what the agent knows of a pod.
     *
     * @param request made by {@link ControlRequest#inspect}
     * @return what it knows, to be closed by the caller
     * @throws IOException if there is no agent, it doesn't answer, or it refuses
     */
    public Inspected inspect(ControlRequest request) throws IOException {
        return exchange(request, 1, (reply, packet) -> {
            if (!reply.ok()) {
                throw new AgentException(String.valueOf(reply.error()));
            }
            Inspected.Details details = Objects.requireNonNull(reply.details(), "an answer without details");
            return new Inspected(details, packet.descriptors() == 0 ? null : NetworkNamespace.adopt(packet.take()));
        });
    }

    private interface Reading<T> {
        T of(ControlReply reply, UnixMessage packet) throws IOException;
    }

    private <T> T exchange(ControlRequest request, int descriptors, Reading<T> reading) throws IOException {
        ControlJson json = new ControlJson();
        if (!Files.exists(path)) {
            throw new AgentException("no agent listens on " + path + "; start one with `./inpod agent`, or name its socket with --control");
        }
        try (SeqpacketSocket socket = PrivateSocket.connect(path)) {
            socket.send(json.write(request));
            try (UnixMessage packet = socket.receive(ControlJson.MAX_REPLY_BYTES, descriptors, patience)) {
                if (packet == null) {
                    throw new AgentException("the agent at " + path + " closed the connection without an answer");
                }
                return reading.of(json.read(packet, ControlReply.class), packet);
            }
        }
    }
}
