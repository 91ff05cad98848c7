package io.inpod.examples.ztunnel.inpod;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.explain.OpenConnection;
import io.inpod.examples.ztunnel.health.Readiness;
import io.inpod.examples.ztunnel.limit.AtLimit;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.proxy.PodProxy;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.netlink.NetlinkSockets;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NamespaceLostError;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Manages which pods are served. A pod that can't be served stays pending and is retried; running proxies survive the loss of the agent.
 * Thread-safe; the methods block.
 */
public final class StateManager {
    private static final Logger LOG = LoggerFactory.getLogger("inpod.statemanager");

    private final Shared shared;
    private final NamespaceIdentity own;
    /** Synchronized for those who read it without this manager's lock. */
    private final Map<String, PodProxy> running = Collections.synchronizedMap(new LinkedHashMap<>());
    private final Map<String, Pending> pending = new ConcurrentHashMap<>(); // written under the lock, read without it
    private final Set<String> snapshot = new HashSet<>();
    private final LongAdder started = new LongAdder();
    private final LongAdder stopped = new LongAdder();
    private final Consumer<NamespaceLostError> onLost;
    private boolean snapshotReceived;
    private volatile boolean allNamed;
    private volatile boolean draining;

    private record Pending(WorkloadInfo info, NetworkNamespace namespace, String reason) {
        Pending because(IOException now) {
            return new Pending(info, namespace, String.valueOf(now.getMessage()));
        }
    }

    /**
     * Creates a manager without pods.
     *
     * @param shared what the pods' proxies share
     * @param own the proxy's own namespace, which is never served
     * @param onLost called if a thread can't leave a pod's namespace; must end the process
     */
    public StateManager(Shared shared, NamespaceIdentity own, Consumer<NamespaceLostError> onLost) {
        this.shared = shared;
        this.own = own;
        this.onLost = onLost;
    }

    /** Begins a new session with an agent, which will name all pods again. */
    public synchronized void sessionBegins() {
        snapshot.clear();
        snapshotReceived = false;
        pending.values().forEach(pod -> pod.namespace().close());
        pending.clear();
    }

    /**
     * Serves a pod.
     *
     * @param uid its name in the protocol
     * @param info its names
     * @param namespace its network namespace, owned by this manager from now on
     * @throws IOException if it can't be served; it will be retried
     */
    public void add(String uid, WorkloadInfo info, NetworkNamespace namespace) throws IOException, InterruptedException {
        try {
            serve(uid, info, namespace);
        } catch (IOException e) {
            LOG.warn("pod WorkloadUid(\"{}\") failed to start proxy: {}; retrying every few seconds", uid, e.getMessage());
            throw e;
        }
    }

    private synchronized void serve(String uid, WorkloadInfo info, NetworkNamespace namespace) throws IOException, InterruptedException {
        if (!snapshotReceived) {
            snapshot.add(uid);
        }
        LOG.info("pod WorkloadUid(\"{}\") received netns, starting proxy", uid);
        forget(uid);
        PodProxy current = running.get(uid);
        if (current != null && current.namespace().equals(namespace) && current.info().equals(info)) {
            namespace.close();
            return; // served already
        }
        Pending waiting = new Pending(info, namespace, "");
        pending.put(uid, waiting); // owns the namespace until a proxy does
        if (current != null) {
            LOG.info("pod WorkloadUid(\"{}\") has another netns or identity now, draining old proxy", uid);
            running.remove(uid);
            stop(current);
        }
        try {
            start(uid, info, namespace);
        } catch (IOException e) {
            pending.put(uid, waiting.because(e));
            throw e;
        } finally {
            if (current != null) {
                serveNext(current);
            }
        }
    }

    private void start(String uid, WorkloadInfo info, NetworkNamespace namespace) throws IOException {
        if (namespace.identity().equals(own)) {
            throw new IOException("the namespace is the proxy's own, not a pod's");
        }
        for (Map.Entry<String, PodProxy> other : running.entrySet()) {
            if (other.getValue().namespace().equals(namespace)) {
                throw new IOException("the namespace is that of pod " + other.getKey() + " already");
            }
        }
        if (draining) {
            throw new IOException("the proxy is shutting down");
        }
        namespace.onLost(onLost);
        try {
            NetlinkSockets.holding(namespace, () -> running.put(uid, PodProxy.start(shared, info, namespace)));
            started.increment();
        } catch (RuntimeException e) {
            LOG.error("pod WorkloadUid(\"{}\") failed unexpectedly", uid, e);
            throw new IOException("unexpected failure of the proxy: " + e, e);
        }
        pending.remove(uid);
    }

    /**
     * Reads the pods' current addresses, looks for foreign listeners, serves pods anew to which the mesh gives another identity, and
     * retries to serve pending pods. To be called from time to time, by one thread.
     *
     * @throws InterruptedException if the thread is interrupted while a pod's connections end
     */
    public synchronized void refresh() throws InterruptedException {
        running.forEach((uid, proxy) -> {
            proxy.reportLimits();
            try {
                proxy.readAddresses();
                proxy.boundBuffers();
                proxy.checkPorts();
            } catch (IOException e) {
                LOG.warn("pod WorkloadUid(\"{}\"): can't read its addresses and listeners: {}", uid, e.getMessage());
            }
        });
        for (Map.Entry<String, PodProxy> pod : List.copyOf(running.entrySet())) {
            if (pod.getValue().hasOtherIdentity()) {
                serveAnew(pod.getKey(), pod.getValue());
            }
        }
        List.copyOf(pending.keySet()).forEach(this::retry);
    }

    private void serveAnew(String uid, PodProxy proxy) throws InterruptedException {
        LOG.info("pod WorkloadUid(\"{}\") has another identity in the mesh than {}, draining old proxy", uid, proxy.identity());
        try {
            pending.put(uid, new Pending(proxy.info(), proxy.namespace().duplicate(), ""));
        } catch (IOException e) {
            LOG.warn("pod WorkloadUid(\"{}\") can't be served with its new identity: {}", uid, e.getMessage());
            return;
        }
        running.remove(uid);
        stop(proxy);
    }

    /** {@return the number of pods that are served; doesn't wait for a pod} */
    public int served() {
        return running.size();
    }

    /** {@return the number of pods that can't be served, and are retried} */
    public int waiting() {
        return pending.size();
    }

    /** {@return how often a pod began to be served since the start} */
    public long started() {
        return started.sum();
    }

    /** {@return how often a pod ceased to be served since the start} */
    public long stopped() {
        return stopped.sum();
    }

    /** {@return how the pods that are served are described; doesn't wait for a pod} */
    public Set<Telemetry> telemetry() {
        Set<Telemetry> all = new HashSet<>();
        synchronized (running) {
            running.values().forEach(pod -> pod.telemetry().ifPresent(all::add));
        }
        return all;
    }

    /** {@return the pods that the agent has named; doesn't wait for a pod} */
    public List<PodState> pods() {
        Map<String, PodProxy> served;
        synchronized (running) {
            served = new LinkedHashMap<>(running);
        }
        List<PodState> pods = new ArrayList<>();
        served.forEach((uid, pod) -> pods.add(new PodState(uid, pod.info(), true, "", pod.flows())));
        pending.forEach((uid, pod) -> {
            if (!served.containsKey(uid)) {
                pods.add(new PodState(uid, pod.info(), false, pod.reason(), List.of()));
            }
        });
        return pods;
    }

    /** {@return the ports at which the proxy listens in each pod that is served, by the pod's uid; doesn't wait for a pod} */
    public Map<String, Set<Integer>> ports() {
        Map<String, Set<Integer>> ports = new HashMap<>();
        synchronized (running) {
            running.forEach((uid, pod) -> ports.put(uid, pod.ports()));
        }
        return ports;
    }

    /** {@return the limits of the pods that are served} */
    public synchronized List<AtLimit> limits() {
        return running.values().stream().map(PodProxy::limit).toList();
    }

    /**
     * Ends the tunnels of all pods of which an end's certificate isn't trusted any more.
     *
     * @param which chooses the tunnels
     */
    public synchronized void revoked(Predicate<ConnectionIdentities> which) {
        running.values().forEach(pod -> pod.revoked(which));
    }

    /** {@return the connections that the pods have accepted} */
    public synchronized List<OpenConnection> openConnections() {
        return running.values().stream().flatMap(proxy -> proxy.openConnections().stream()).toList();
    }

    private void retry(String uid) {
        Pending pod = Objects.requireNonNull(pending.get(uid));
        try {
            start(uid, pod.info(), pod.namespace());
            LOG.info("pod WorkloadUid(\"{}\") proxy started after a retry", uid);
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).equals(pod.reason())) {
                LOG.debug("pod WorkloadUid(\"{}\") still can't be served: {}", uid, e.getMessage());
            } else {
                LOG.warn("pod WorkloadUid(\"{}\") still can't be served: {}; retrying", uid, e.getMessage());
                pending.put(uid, pod.because(e));
            }
        }
    }

    /** If another pod was named for the namespace of a proxy that has stopped, it is served now, not at the next retry. */
    private void serveNext(PodProxy stopped) {
        NetworkNamespace freed = stopped.namespace();
        if (running.values().stream().noneMatch(proxy -> proxy.namespace().equals(freed))) {
            List.copyOf(pending.keySet()).stream().filter(uid -> Objects.requireNonNull(pending.get(uid)).namespace().equals(freed))
                    .forEach(this::retry);
        }
    }

    /**
     * Notes that a pod still exists.
     *
     * @param uid its name in the protocol
     */
    public synchronized void keep(String uid) {
        LOG.info("pod WorkloadUid(\"{}\") keep received, will not delete it when snapshot is sent", uid);
        snapshot.add(uid);
    }

    /**
     * Stops serving a pod that is gone.
     *
     * @param uid its name in the protocol
     * @throws IOException if the uid is empty
     */
    public synchronized void delete(String uid) throws IOException, InterruptedException {
        if (uid.isEmpty()) {
            throw new IOException("a Del without a uid");
        }
        drop(uid);
    }

    private void drop(String uid) throws InterruptedException {
        LOG.info("pod WorkloadUid(\"{}\") delete request, draining proxy", uid);
        snapshot.remove(uid);
        forget(uid);
        PodProxy proxy = running.remove(uid);
        if (proxy != null) {
            stop(proxy);
            serveNext(proxy);
        }
    }

    private void stop(PodProxy proxy) throws InterruptedException {
        stopped.increment();
        proxy.stop();
    }

    private void forget(String uid) {
        Pending waiting = pending.remove(uid);
        if (waiting != null) {
            waiting.namespace().close();
        }
    }

    /** Ends the snapshot: pods that were not named are gone, so stops serving them. */
    public synchronized void snapshotSent() throws InterruptedException {
        LOG.info("pod received snapshot sent");
        snapshotReceived = true;
        for (String uid : List.copyOf(running.keySet())) {
            if (!snapshot.contains(uid)) {
                drop(uid);
            }
        }
        allNamed = true;
    }

    /**
     * Returns whether all pods are served that the agent has named since the start. A pod that the agent names later, and a lost agent,
     * don't change that. Doesn't block.
     *
     * @return what is missing, and the pods that can't be served
     */
    public Readiness readiness() {
        List<String> missing = new ArrayList<>();
        if (!allNamed) {
            missing.add("the node agent has not named all pods of the node yet (INPOD_UDS: " + shared.config().uds() + ")");
        }
        if (draining) {
            missing.add("the proxy is shutting down");
        }
        Map<String, String> unserved = new HashMap<>();
        pending.forEach((uid, pod) -> {
            if (!pod.reason().isEmpty()) { // otherwise it is being served
                unserved.put(uid, pod.info() + ": " + pod.reason());
            }
        });
        return new Readiness(missing, unserved);
    }

    /**
     * Stops serving: closes listeners immediately, and lets connections continue for a while.
     *
     * @param limit how long connections may continue
     */
    public synchronized void drain(Duration limit) throws InterruptedException {
        draining = true;
        long deadline = System.nanoTime() + limit.toNanos();
        running.values().forEach(PodProxy::drain);
        for (PodProxy proxy : running.values()) {
            proxy.awaitHandedOver(deadline); // all pods' peers are notified before waiting for any pod
        }
        for (PodProxy proxy : running.values()) {
            proxy.awaitDrained(deadline);
        }
        running.clear();
    }
}
