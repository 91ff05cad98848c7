package io.inpod.examples.zds;

import io.inpod.examples.zds.internal.Messages;
import io.inpod.examples.zds.internal.Wire;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.unix.PeerCredentials;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The agent's end of a connection to a proxy. An answer doesn't say to which request it belongs, so there is one request at a time, and a
 * connection is closed if an answer is late: it would be mistaken for the answer to the next request.
 */
final class ProxySession implements AutoCloseable {
    private static final Duration NO_LIMIT = Duration.ZERO;
    private static final Duration GREETING = Duration.ofSeconds(5);
    /** More than a proxy may send, so that an error that is too long can still be read. */
    private static final int MAX_ANSWER_BYTES = 4 * Messages.MAX_BYTES;

    private final SeqpacketSocket socket;
    private final Duration patience;
    private final String name;
    private final int pid;
    /** Held during an exchange, and from before the session is registered until its snapshot has been sent. */
    private final ReentrantLock turn = new ReentrantLock(true);

    private volatile @Nullable CompletableFuture<String> answer;
    private volatile @Nullable ZdsSessionException over;

    ProxySession(SeqpacketSocket socket, Duration patience) throws IOException {
        this.socket = socket;
        this.patience = patience;
        PeerCredentials peer = socket.peer();
        this.pid = peer.pid();
        this.name = "proxy (pid " + peer.pid() + ", user " + peer.uid() + ")";
    }

    int pid() {
        return pid;
    }

    void receiveHello() throws IOException {
        try (UnixMessage packet = socket.receive(MAX_ANSWER_BYTES, 0, patience.compareTo(GREETING) < 0 ? patience : GREETING)) {
            if (packet == null) {
                throw new ZdsSessionException(name + " closed the connection without a greeting");
            }
            Wire.ZdsHello hello = Wire.ZdsHello.parseFrom(packet.data());
            if (hello.getVersion() != Wire.Version.V1) {
                throw new ZdsSessionException(name + " speaks version " + hello.getVersionValue() + " of the protocol, not 1");
            }
        }
    }

    /** Reserves the session for the calling thread's exchanges. */
    void lock() {
        turn.lock();
    }

    void unlock() {
        turn.unlock();
    }

    /** Sends a request and awaits its answer, by the thread that reads, before {@link #readAnswers()}. */
    void exchangeDirectly(String what, ByteBuffer request, OwnedFd... descriptors) throws IOException {
        socket.send(request, descriptors);
        try {
            check(what, receiveAnswer(patience));
        } catch (java.net.SocketTimeoutException e) {
            throw late(what);
        }
    }

    /** Sends a request and awaits its answer, by any thread but the one in {@link #readAnswers()}. */
    void exchange(String what, ByteBuffer request, OwnedFd... descriptors) throws ZdsException {
        turn.lock();
        try {
            CompletableFuture<String> mine = new CompletableFuture<>();
            answer = mine;
            ZdsSessionException ended = over;
            if (ended != null) {
                throw new ZdsSessionException(what + ": " + ended.getMessage(), ended);
            }
            socket.send(request, descriptors);
            check(what, mine.get(patience.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            throw end(late(what));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw end(new ZdsSessionException(what + ": interrupted while waiting for an answer from " + name, e));
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNull(e.getCause());
            throw new ZdsSessionException(what + ": " + cause.getMessage(), cause);
        } catch (ZdsException e) {
            throw e;
        } catch (IOException e) {
            throw end(new ZdsSessionException(what + ": " + e.getMessage(), e));
        } finally {
            answer = null;
            turn.unlock();
        }
    }

    private ZdsSessionException late(String what) {
        return new ZdsSessionException(what + ": no answer from " + name + " within " + patience.toMillis() + " ms; connection closed");
    }

    private static void check(String what, String error) throws ZdsNackException {
        if (!error.isEmpty()) {
            throw new ZdsNackException(what + " was refused by the proxy: " + error);
        }
    }

    /** Passes answers to the threads that wait for them until the session ends; always throws the reason. */
    void readAnswers() throws IOException {
        for (;;) {
            String error = receiveAnswer(NO_LIMIT);
            CompletableFuture<String> waiting = answer;
            if (waiting == null || !waiting.complete(error)) {
                throw new ZdsSessionException(name + " sent an answer without a request");
            }
        }
    }

    private String receiveAnswer(Duration timeout) throws IOException {
        try (UnixMessage packet = socket.receive(MAX_ANSWER_BYTES, 0, timeout)) {
            if (packet == null) {
                throw new ZdsSessionException(name + " has closed the session");
            }
            Wire.WorkloadResponse response = Wire.WorkloadResponse.parseFrom(packet.data());
            if (!response.hasAck()) {
                throw new ZdsSessionException(name + " sent an answer that is neither an acknowledgement nor an error");
            }
            return response.getAck().getError();
        }
    }

    /** Closes the connection; requests that wait for an answer, and later ones, fail with this error. */
    ZdsSessionException end(ZdsSessionException reason) {
        over = reason;
        socket.close();
        CompletableFuture<String> waiting = answer;
        if (waiting != null) {
            waiting.completeExceptionally(reason);
        }
        return reason;
    }

    @Override
    public void close() {
        end(new ZdsSessionException("the agent has closed the session with " + name));
    }

    @Override
    public String toString() {
        return name;
    }
}
