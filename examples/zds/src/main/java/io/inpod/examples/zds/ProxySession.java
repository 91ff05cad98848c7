package io.inpod.examples.zds;

import io.inpod.examples.zds.internal.Messages;
import io.inpod.examples.zds.internal.Wire;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.unix.PeerCredentials;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The agent's end of a connection to a proxy. An answer doesn't say to which request it belongs, so there is one request at a time, and the
 * others wait in a queue of this session's. A connection is closed if an answer is late: it would be mistaken for the answer to the next
 * request. Thread-safe; only {@link #receiveHello} and {@link #readAnswers} block.
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
    /** The pods that the proxy has acknowledged, with what they were then. */
    private final Map<String, ProxyRequest.Content> served = new ConcurrentHashMap<>();

    /** Guarded by this, as the next three. */
    private final Deque<ProxyRequest> queue = new ArrayDeque<>();

    private boolean started;
    private @Nullable ProxyRequest current;
    private @Nullable ZdsSessionException over;

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

    /** Returns what the proxy serves of a pod; null if it hasn't acknowledged it. */
    ProxyRequest.@Nullable Content served(String uid) {
        return served.get(uid);
    }

    /** Sends a request when its turn has come, and returns its answer: nothing, a {@link ZdsNackException}, or the session's end. */
    CompletableFuture<Void> enqueue(ProxyRequest request) {
        ZdsSessionException ended;
        ProxyRequest same = null;
        synchronized (this) {
            ended = over;
            if (ended == null) {
                same = pendingLike(request);
                if (same == null) {
                    queue.add(request);
                }
            }
        }
        if (same != null) {
            request.closeNamespace();
            return same.done();
        }
        if (ended != null) {
            fail(request, ended);
        } else {
            sendNext();
        }
        return request.done();
    }

    /** Returns the last request about the same pod if it says the same and hasn't been answered: another one is superfluous then. */
    private @Nullable ProxyRequest pendingLike(ProxyRequest request) {
        ProxyRequest last = current != null && current.concernsPodOf(request) ? current : null;
        for (ProxyRequest waiting : queue) {
            if (waiting.concernsPodOf(request)) {
                last = waiting;
            }
        }
        return last != null && last.isSameAs(request) ? last : null;
    }

    /** Begins to send: what was queued before comes first. */
    void start() {
        synchronized (this) {
            started = true;
        }
        sendNext();
    }

    private void sendNext() {
        ZdsSessionException failure = null;
        synchronized (this) {
            ProxyRequest next = started && current == null && over == null ? queue.poll() : null;
            if (next == null) {
                return;
            }
            current = next;
            try { // doesn't block: the peer has no other message to read
                socket.send(next.message(), next.netns() == null ? new OwnedFd[0] : new OwnedFd[] {next.netns().fd()});
            } catch (IOException e) {
                failure = new ZdsSessionException(next.what() + ": " + e.getMessage(), e);
            }
            next.closeNamespace();
            if (failure == null) {
                CompletableFuture<Void> timer = new CompletableFuture<Void>().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
                var unused = timer.exceptionally(tooLate -> {
                    end(late(next.what()));
                    return null;
                });
                next.answered(timer);
            }
        }
        if (failure != null) {
            end(failure);
        }
    }

    private ZdsSessionException late(String what) {
        return new ZdsSessionException(what + ": no answer from " + name + " within " + patience.toMillis() + " ms; connection closed");
    }

    /** Passes answers to those that wait for them until the session ends; always throws the reason. */
    void readAnswers() throws IOException {
        for (;;) {
            String error = receiveAnswer();
            ProxyRequest answered;
            synchronized (this) {
                answered = current;
                current = null;
            }
            if (answered == null) {
                throw new ZdsSessionException(name + " sent an answer without a request");
            }
            if (error.isEmpty()) {
                answered.noteIn(served);
            }
            sendNext();
            if (error.isEmpty()) {
                answered.done().complete(null);
            } else {
                answered.done().completeExceptionally(
                        new ZdsNackException(answered.what() + " was refused by the proxy: " + error));
            }
        }
    }

    private String receiveAnswer() throws IOException {
        try (UnixMessage packet = socket.receive(MAX_ANSWER_BYTES, 0, NO_LIMIT)) {
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

    /** Closes the connection; requests that wait, and later ones, fail with this error. The first reason counts. */
    ZdsSessionException end(ZdsSessionException reason) {
        List<ProxyRequest> waiting = new ArrayList<>();
        synchronized (this) {
            if (over == null) {
                over = reason;
            }
            if (current != null) {
                waiting.add(current);
            }
            current = null;
            waiting.addAll(queue);
            queue.clear();
        }
        socket.close();
        waiting.forEach(request -> fail(request, reason));
        return reason;
    }

    /** Returns why the session has ended; null if it hasn't. */
    synchronized @Nullable ZdsSessionException over() {
        return over;
    }

    private static void fail(ProxyRequest request, ZdsSessionException reason) {
        request.closeNamespace();
        String words = String.valueOf(reason.getMessage());
        request.done().completeExceptionally(
                words.startsWith(request.what()) ? reason : new ZdsSessionException(request.what() + ": " + words, reason));
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
