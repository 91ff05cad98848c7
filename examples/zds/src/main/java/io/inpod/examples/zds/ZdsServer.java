package io.inpod.examples.zds;

import io.inpod.examples.zds.internal.Messages;
import io.inpod.netns.NetworkNamespace;
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
 * <p>Several proxies may be connected, for example during an upgrade: a new pod goes to the newest one, a deletion to all. The server
 * starts no thread: the caller calls {@link #run()} on a separate thread, and supplies an executor that has a thread for each connected
 * proxy (a cached pool: in a bounded one, silent clients could keep others out until the answer timeout). Thread-safe; {@link #add} and
 * {@link #delete} block until the proxy has answered.
 */
public final class ZdsServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("zds");

    private final PrivateServer server;
    private final Executor executor;
    private final Duration patience;
    /** Guards the two collections; never held during I/O. */
    private final Object lock = new Object();
    private final Map<String, ZdsPod> pods = new LinkedHashMap<>();
    /** In the order in which they connected. */
    private final List<ProxySession> sessions = new ArrayList<>();
    /** The sessions, and those that are about to become one. */
    private final List<ProxySession> present = new CopyOnWriteArrayList<>();
    private final Object arrivals = new Object();
    private volatile Consumer<Collection<Integer>> connecting = pids -> {};
    private volatile BiConsumer<String, @Nullable String> snapshotAnswers = (uid, refusal) -> {};

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
     * Sets what is called for each pod of a snapshot when a proxy that has connected answers: with the pod's uid, and with null if the
     * proxy serves the pod, or else its reason for refusing it. Called on the session's thread; must not block, and must not call this
     * server.
     *
     * @param answers receives the answers
     */
    public void onSnapshotAnswer(BiConsumer<String, @Nullable String> answers) {
        snapshotAnswers = answers;
    }

    /** Accepts proxies until this server is closed. */
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
                sendSnapshot(session);
                session.readAnswers();
            } catch (ZdsSessionException e) {
                session.end(e);
                throw e;
            } catch (IOException e) {
                throw session.end(new ZdsSessionException("the session with " + session + " failed: " + e.getMessage(), e));
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

    private void sendSnapshot(ProxySession session) throws IOException {
        session.lock(); // other threads that find the session wait until it is ready
        List<ZdsPod> known = List.of();
        try {
            known = register(session);
            LOG.info("{} connected, sending {} pods", session, known.size());
            for (ZdsPod pod : known) {
                try {
                    session.exchangeDirectly("Add of pod " + pod.uid(), message(pod), pod.netns().fd());
                    snapshotAnswers.accept(pod.uid(), null);
                } catch (ZdsNackException e) {
                    LOG.error("{}", e.getMessage());
                    snapshotAnswers.accept(pod.uid(), e.getMessage());
                }
            }
            session.exchangeDirectly("SnapshotSent", Messages.snapshotSent());
        } finally {
            known.forEach(pod -> pod.netns().close());
            session.unlock();
        }
    }

    /** Registers the session for changes from now on; returns the pods that are known already, to be closed by the caller. */
    private List<ZdsPod> register(ProxySession session) throws IOException {
        synchronized (lock) {
            if (server.isClosed()) {
                throw new AlreadyClosedException("the server for ztunnels");
            }
            List<ZdsPod> known = new ArrayList<>();
            try {
                for (ZdsPod pod : pods.values()) {
                    known.add(own(pod));
                }
            } catch (IOException e) {
                known.forEach(pod -> pod.netns().close());
                throw e;
            }
            sessions.add(session);
            lock.notifyAll();
            return known;
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

    private void unregister(ProxySession session) {
        synchronized (lock) {
            sessions.remove(session);
            present.remove(session);
        }
    }

    /** {@return how many proxies are connected} */
    public int proxies() {
        synchronized (lock) {
            return sessions.size();
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
     * Makes a pod part of the snapshots for proxies that connect later, whether or not {@link #add} succeeds, until it is deleted. Sends
     * nothing. A pod that has been kept isn't forgotten when a proxy refuses it; our ztunnel keeps retrying such a pod.
     *
     * @param pod the pod; its namespace remains the caller's, which may close it afterwards
     * @throws IOException if the namespace is closed
     */
    public void keep(ZdsPod pod) throws IOException {
        ZdsPod owned = own(pod);
        synchronized (lock) {
            ZdsPod known = pods.get(pod.uid());
            if (known != null && known.netns().equals(pod.netns()) && known.info().equals(pod.info())) {
                owned.netns().close();
            } else {
                close(pods.put(pod.uid(), owned));
            }
        }
    }

    /**
     * Hands a pod to the newest proxy and waits for its answer. If that fails and the pod is neither known nor {@linkplain #keep kept}, the
     * server forgets it: it sends the proxy, which would otherwise retry, a deletion, and doesn't announce the pod to later proxies. Adding
     * a pod again is harmless, and if that fails the pod stays part of the snapshot. Adding a known uid with another namespace moves the
     * pod there.
     *
     * @param pod the pod; its namespace remains the caller's, which may close it afterwards
     * @throws ZdsNackException if the proxy refused, with its reason
     * @throws ZdsSessionException if no proxy is connected, see {@link #awaitProxy}, or if it didn't answer in time
     * @throws IOException if the pod's names are too long for a message (1024 bytes), or the namespace is closed
     */
    public void add(ZdsPod pod) throws IOException {
        String what = "Add of pod " + pod.uid();
        int bytes = message(pod).remaining();
        if (bytes > Messages.MAX_BYTES) {
            throw new IOException(what + " takes " + bytes + " bytes; a message may have " + Messages.MAX_BYTES);
        }
        ZdsPod owned = own(pod);
        ProxySession newest;
        boolean knownHere;
        synchronized (lock) {
            if (sessions.isEmpty()) {
                owned.netns().close();
                throw new ZdsSessionException(what + ": no proxy is connected to " + server);
            }
            newest = sessions.get(sessions.size() - 1);
            ZdsPod before = pods.put(pod.uid(), owned);
            knownHere = before != null && before.netns().equals(pod.netns());
            close(before);
        }
        try {
            newest.exchange(what, message(pod), pod.netns().fd());
        } catch (ZdsException e) {
            if (!knownHere) {
                withdraw(owned, newest, e);
            }
            throw e;
        }
    }

    @SuppressWarnings("ReferenceEquality") // a pod that was sent again, with equal parts, is another one
    private void withdraw(ZdsPod pod, ProxySession session, ZdsException reason) {
        synchronized (lock) {
            if (pods.get(pod.uid()) == pod) {
                close(pods.remove(pod.uid()));
            }
        }
        if (reason instanceof ZdsNackException) {
            try {
                session.exchange("Del of pod " + pod.uid(), Messages.del(pod.uid()));
            } catch (ZdsException e) {
                reason.addSuppressed(e);
            }
        }
    }

    /**
     * Requests all proxies to stop serving a pod, and waits for their answers. Proxies that can't be reached learn of the deletion from the
     * snapshot when they reconnect; it is no error if none is connected.
     *
     * @param uid the pod
     * @return whether the pod was known
     * @throws ZdsNackException if a proxy refused, with its reason
     */
    public boolean delete(String uid) throws ZdsNackException {
        List<ProxySession> all;
        ZdsPod known;
        synchronized (lock) {
            known = pods.remove(uid);
            close(known);
            all = List.copyOf(sessions);
        }
        ZdsNackException refused = null;
        for (ProxySession session : all) {
            try {
                session.exchange("Del of pod " + uid, Messages.del(uid));
            } catch (ZdsNackException e) {
                refused = e;
            } catch (ZdsException e) {
                LOG.warn("{}", e.getMessage());
            }
        }
        if (refused != null) {
            throw refused;
        }
        return known != null;
    }

    private static java.nio.ByteBuffer message(ZdsPod pod) {
        return Messages.add(pod.uid(), pod.info().name(), pod.info().namespace(), pod.info().serviceAccount());
    }

    private static ZdsPod own(ZdsPod pod) throws IOException {
        NetworkNamespace duplicate = pod.netns().duplicate();
        return new ZdsPod(pod.uid(), pod.info(), duplicate);
    }

    private static void close(@Nullable ZdsPod pod) {
        if (pod != null) {
            pod.netns().close();
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
