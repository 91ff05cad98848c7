package io.inpod.examples.zds;

import io.inpod.examples.zds.internal.Messages;
import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent's end of ZDS: listens for proxies, sends each the complete list of pods, and then every change.
 *
 * <p>Several proxies may be connected, for example during an upgrade: a new pod goes to the newest one, a deletion to all. When a proxy
 * goes, the newest of those that stay gets the pods that it doesn't have yet. Each proxy has a queue of its own, so that a slow one holds
 * up no other; one that doesn't answer in time is disconnected.
 *
 * <p>The server starts no thread: the caller calls {@link #run()} on a separate thread, and supplies an executor that has a thread for each
 * connected proxy (a cached pool: in a bounded one, silent clients could keep others out until the answer timeout). Thread-safe. Nothing
 * blocks but {@link #run} and {@link #awaitProxy}; the results of the others are completed on a session's thread, on which nothing may
 * block.
 */
public final class ZdsServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("zds");

    private final PrivateServer server;
    private final Executor executor;
    private final Duration patience;
    /** Guards the collections; never held during I/O with a proxy. */
    private final Object lock = new Object();
    /** By uid; empty for a pod whose namespace isn't known. */
    private final Map<String, Optional<ZdsPod>> pods = new LinkedHashMap<>();
    /** In the order in which they connected. */
    private final List<ProxySession> sessions = new ArrayList<>();
    /** The sessions, and those that are about to become one. */
    private final List<ProxySession> present = new CopyOnWriteArrayList<>();
    private final Object arrivals = new Object();
    private volatile Consumer<Collection<Integer>> connecting = pids -> {};
    private volatile BiConsumer<String, @Nullable String> answers = (uid, refusal) -> {};
    private final List<Runnable> snapshots = new CopyOnWriteArrayList<>();

    private ZdsServer(PrivateServer server, Executor executor, Duration patience) {
        this.server = server;
        this.executor = executor;
        this.patience = patience;
    }

    /**
     * Listens. No proxy is served before {@link #run()} is called. A missing directory is created with mode 0700.
     *
     * @param path the socket's file, such as {@code /var/run/ztunnel/ztunnel.sock}
     * @param executor runs a task for each proxy while it is connected
     * @param patience how long a proxy may take to answer before its connection is closed, greater than zero; 30 s is usual
     * @return the server, to be closed by the caller
     * @throws IOException if the directory can't be trusted, or another process listens on this path
     */
    public static ZdsServer listen(Path path, Executor executor, Duration patience) throws IOException {
        if (patience.isNegative() || patience.toMillis() == 0) {
            throw new IllegalArgumentException("the time in which a proxy must answer must be greater than zero, not " + patience);
        }
        return new ZdsServer(PrivateServer.listen(path), executor, patience);
    }

    /**
     * Sets what is called when a proxy connects, before it gets the snapshot, with the process ids of all connected proxies including this
     * one; 0 stands for one that isn't visible in this PID namespace. Called on the session's thread; may block, but not wait for a proxy.
     *
     * @param action receives the process ids
     */
    public void onConnect(Consumer<Collection<Integer>> action) {
        connecting = action;
    }

    /**
     * Sets what is called with each answer that nobody waits for: to the pods of a snapshot, and to those that a proxy gets because another
     * has gone. The arguments are the pod's uid, and null if the proxy serves the pod, or else its reason for refusing it. Called on the
     * session's thread; must not block.
     *
     * @param listener receives the answers
     */
    public void onAnswer(BiConsumer<String, @Nullable String> listener) {
        answers = listener;
    }

    /**
     * Adds what is called when a proxy that has connected has acknowledged its snapshot, after what was added before. Called on the
     * session's thread; must not block.
     *
     * @param action the action
     */
    public void onSnapshot(Runnable action) {
        snapshots.add(action);
    }

    /** Accepts proxies until this server is closed. Those that have connected before wait for it. */
    public void run() {
        server.run(executor, new PrivateServer.Handler() {
            @Override
            public void serve(SeqpacketSocket connection) {
                ZdsServer.this.serve(connection);
            }

            @Override
            public void refused(UntrustedPeerException reason) {
                LOG.warn("connection refused: {}", reason.getMessage());
            }

            @Override
            public void failed(Exception cause) {
                LOG.error("can't accept a proxy on {}: {}", server, cause.getMessage());
            }
        });
    }

    private void serve(SeqpacketSocket socket) {
        try (socket) {
            ProxySession session = new ProxySession(socket, patience);
            session.receiveHello();
            try {
                arrive(session);
                register(session);
                session.start();
                session.readAnswers();
            } catch (IOException e) {
                ZdsSessionException reason = session.over(); // such as a late answer, because of which the socket was closed
                if (reason == null) {
                    reason = e instanceof ZdsSessionException known ? known
                            : new ZdsSessionException("the session with " + session + " failed: " + e.getMessage(), e);
                }
                throw session.end(reason);
            } finally {
                session.close();
                unregister(session);
            }
        } catch (IOException e) {
            if (!server.isClosed()) {
                LOG.warn("session ended: {}", e.getMessage());
            }
        }
    }

    private void arrive(ProxySession session) {
        synchronized (arrivals) { // one after the other: each action gets all who have arrived before
            synchronized (lock) {
                present.add(session);
            }
            connecting.accept(present.stream().map(ProxySession::pid).toList());
        }
    }

    /** Registers the session for changes from now on, and queues the snapshot before them. */
    private void register(ProxySession session) throws IOException {
        synchronized (lock) {
            if (server.isClosed()) {
                throw new AlreadyClosedException("the server for ztunnels");
            }
            LOG.info("{} connected, sending {} pods", session, pods.size());
            for (Map.Entry<String, Optional<ZdsPod>> pod : pods.entrySet()) {
                if (pod.getValue().isPresent()) {
                    tell(session, pod.getValue().get());
                } else {
                    log(session.enqueue(ProxyRequest.keep(pod.getKey())));
                }
            }
            log(session.enqueue(ProxyRequest.snapshotSent()).thenRun(() -> snapshots.forEach(Runnable::run)));
            sessions.add(session);
            lock.notifyAll();
        }
    }

    /** Sends a pod to a proxy; the answer goes to the listener. */
    @SuppressWarnings("FutureReturnValueIgnored")
    private void tell(ProxySession session, ZdsPod pod) throws IOException {
        session.enqueue(ProxyRequest.add(pod)).whenComplete((served, failure) -> {
            if (failure == null) {
                answers.accept(pod.uid(), null);
            } else if (failure instanceof ZdsNackException) {
                LOG.error("{}", failure.getMessage());
                answers.accept(pod.uid(), failure.getMessage());
            }
        });
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private static void log(CompletableFuture<Void> answer) {
        answer.whenComplete((done, failure) -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            if (cause instanceof ZdsNackException) {
                LOG.error("{}", cause.getMessage());
            }
        });
    }

    private void unregister(ProxySession session) {
        ProxySession newest;
        List<ZdsPod> missing = new ArrayList<>();
        synchronized (lock) {
            present.remove(session);
            if (!sessions.remove(session) || sessions.isEmpty()) {
                return;
            }
            newest = sessions.get(sessions.size() - 1);
            for (Optional<ZdsPod> pod : pods.values()) {
                if (pod.isPresent() && !serves(newest, pod.get())) {
                    missing.add(pod.get());
                }
            }
        }
        for (ZdsPod pod : missing) {
            try {
                tell(newest, pod);
            } catch (IOException e) {
                LOG.debug("pod {} has gone meanwhile: {}", pod.uid(), e.getMessage());
            }
        }
    }

    /** {@return how many proxies are connected} */
    public int proxies() {
        synchronized (lock) {
            return sessions.size();
        }
    }

    /** {@return the process ids of the connected proxies; 0 stands for one that isn't visible in this PID namespace} */
    public List<Integer> pids() {
        synchronized (lock) {
            return sessions.stream().map(ProxySession::pid).toList();
        }
    }

    /**
     * Waits until a proxy is connected.
     *
     * @param timeout how long to wait at most
     * @throws ZdsSessionException if none is connected by then
     * @throws InterruptedException if the thread was interrupted
     */
    public void awaitProxy(Duration timeout) throws ZdsSessionException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        synchronized (lock) {
            while (sessions.isEmpty()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new ZdsSessionException("no proxy is connected to " + server + " (waited " + timeout.toMillis() + " ms)");
                }
                lock.wait(left);
            }
        }
    }

    /**
     * Names a pod in the snapshots for proxies that connect later, without its namespace: a proxy that serves it continues to do so. Used
     * for a pod whose namespace isn't known yet, or whose rules aren't as they should be. Sends nothing.
     *
     * @param uid the pod
     */
    public void keep(String uid) {
        synchronized (lock) {
            close(pods.put(uid, Optional.empty()));
        }
    }

    /**
     * Makes a pod part of the snapshots for proxies that connect later, until it is {@linkplain #withdraw withdrawn}. Sends nothing.
     *
     * @param pod the pod; its namespace remains the caller's, which may close it afterwards
     * @throws IOException if the namespace is closed
     */
    public void include(ZdsPod pod) throws IOException {
        synchronized (lock) {
            if (server.isClosed()) {
                throw new AlreadyClosedException("the server for ztunnels");
            }
            Optional<ZdsPod> known = pods.get(pod.uid());
            if (known == null || known.isEmpty() || !ProxyRequest.Content.of(known.get()).equals(ProxyRequest.Content.of(pod))) {
                ZdsPod owned = new ZdsPod(pod.uid(), pod.info(), pod.netns().duplicate());
                close(pods.put(pod.uid(), Optional.of(owned)));
            }
        }
    }

    /**
     * Includes a pod in the snapshots, and hands it to the newest proxy; if that one goes before it has answered, to the one before it.
     * Sending a pod again is harmless. Sending a known uid with another namespace moves the pod there. A pod that is refused stays part of
     * the snapshots: ztunnels keep retrying such a pod. {@link #withdraw} takes it back.
     *
     * @param pod the pod; its namespace remains the caller's, which may close it when the result has come
     * @return ends normally when the proxy has acknowledged the pod; with {@link ZdsNackException} if it refused, with its reason; with
     *     {@link ZdsSessionException} if no proxy is connected, or the last one didn't answer in time; with another IOException if the
     *     pod's names are too long for a message (1024 bytes), or the namespace is closed
     */
    public CompletableFuture<Void> send(ZdsPod pod) {
        String what = "Add of pod " + pod.uid();
        try {
            int bytes = ProxyRequest.message(pod).remaining();
            if (bytes > Messages.MAX_BYTES) {
                throw new IOException(what + " takes " + bytes + " bytes; a message may have " + Messages.MAX_BYTES);
            }
            include(pod);
            ProxySession newest = newest();
            if (newest == null) {
                throw new ZdsSessionException(what + ": no proxy is connected to " + server);
            }
            return sendTo(newest, pod);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Void> sendTo(ProxySession session, ZdsPod pod) throws IOException {
        return session.enqueue(ProxyRequest.add(pod)).exceptionallyCompose(failure -> {
            try {
                ProxySession other = failure instanceof ZdsSessionException ? newestOtherThan(session) : null;
                return other == null ? CompletableFuture.failedFuture(failure) : sendTo(other, pod);
            } catch (IOException e) {
                return CompletableFuture.failedFuture(e);
            }
        });
    }

    private @Nullable ProxySession newest() {
        synchronized (lock) {
            return sessions.isEmpty() ? null : sessions.get(sessions.size() - 1);
        }
    }

    /** Returns the newest session that hasn't ended. */
    private @Nullable ProxySession newestOtherThan(ProxySession ended) {
        synchronized (lock) {
            for (int i = sessions.size() - 1; i >= 0; i--) {
                ProxySession session = sessions.get(i);
                if (!session.equals(ended) && session.over() == null) {
                    return session;
                }
            }
            return null;
        }
    }

    /**
     * Returns whether the newest proxy has acknowledged a pod with these names and this namespace.
     *
     * @param pod the pod
     * @return whether it has
     */
    public boolean serves(ZdsPod pod) {
        ProxySession newest = newest();
        return newest != null && serves(newest, pod);
    }

    private static boolean serves(ProxySession session, ZdsPod pod) {
        return ProxyRequest.Content.of(pod).equals(session.served(pod.uid()));
    }

    /**
     * Returns whether any connected proxy has acknowledged a pod.
     *
     * @param uid the pod
     * @return whether one has
     */
    public boolean isServed(String uid) {
        synchronized (lock) {
            return sessions.stream().anyMatch(session -> session.served(uid) != null);
        }
    }

    /**
     * Returns whether any connected proxy has acknowledged a pod with these names and this namespace.
     *
     * @param pod the pod
     * @return whether one has
     */
    public boolean isServed(ZdsPod pod) {
        synchronized (lock) {
            return sessions.stream().anyMatch(session -> serves(session, pod));
        }
    }

    /**
     * Takes a pod out of the snapshots, and requests all proxies to stop serving it. Proxies that can't be reached learn of it from the
     * snapshot when they reconnect; it is no error if none is connected.
     *
     * @param uid the pod
     * @return ends when all have answered; with {@link ZdsNackException} if a proxy refused, with its reason
     */
    public CompletableFuture<Void> withdraw(String uid) {
        List<ProxySession> all;
        synchronized (lock) {
            close(pods.remove(uid));
            all = List.copyOf(sessions);
        }
        return CompletableFuture.allOf(all.stream()
                .map(session -> session.enqueue(ProxyRequest.del(uid)).exceptionallyCompose(failure -> {
                    if (failure instanceof ZdsNackException) {
                        return CompletableFuture.failedFuture(failure);
                    }
                    LOG.warn("{}", failure.getMessage());
                    return CompletableFuture.completedFuture(null);
                })).toArray(CompletableFuture[]::new));
    }

    @SuppressWarnings({"OptionalAssignedToNull", "NullableOptional"}) // what a map answers
    private static void close(@Nullable Optional<ZdsPod> pod) {
        if (pod != null) {
            pod.ifPresent(known -> known.netns().close());
        }
    }

    /** Stops listening, ends all sessions and forgets the pods; proxies continue to serve them. Closing twice does nothing. */
    @Override
    public void close() {
        server.close();
        List<ProxySession> all;
        synchronized (lock) {
            all = List.copyOf(sessions);
            pods.values().forEach(ZdsServer::close);
            pods.clear();
        }
        all.forEach(ProxySession::close);
    }
}
