package io.inpod.examples.nodeagent.doctor;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * A connection on which nothing is sent: what becomes of it shows where it is led. Closed with a reset, so that nothing stays behind.
 *
 * @param outcome what has become of it
 * @param channel the connection; not open unless it was accepted
 * @param problem the kernel's words
 */
record Attempt(Outcome outcome, SocketChannel channel, String problem) implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** What becomes of a connection. */
    enum Outcome {
        /** It is open. */
        ACCEPTED,
        /** It was accepted, and ended before this process noticed. */
        ENDED,
        /** The host has nobody who listens. */
        REFUSED,
        /** Nothing came back. */
        UNANSWERED,
        /** It wasn't sent. */
        UNREACHABLE
    }

    /** Connects from a namespace. */
    static Attempt of(NetworkNamespace from, InetSocketAddress to) throws IOException {
        SocketChannel channel = JdkChannels.client(from, SocketOptions.NONE);
        Socket socket = channel.socket();
        try {
            socket.setSoLinger(true, 0);
            socket.connect(to, (int) PATIENCE.toMillis());
            return new Attempt(Outcome.ACCEPTED, channel, "");
        } catch (IOException e) {
            channel.close();
            String problem = String.valueOf(e.getMessage());
            Outcome outcome = problem.contains("refused") ? Outcome.REFUSED
                    : problem.contains("reset") ? Outcome.ENDED
                            : e instanceof SocketTimeoutException ? Outcome.UNANSWERED : Outcome.UNREACHABLE;
            return new Attempt(outcome, channel, problem);
        }
    }

    int localPort() {
        return channel.socket().getLocalPort();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
