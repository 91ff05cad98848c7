package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/** A source in memory. */
final class MemoryPods implements PodSource {
    /** What was written back: a uid, and the state's word or "gone". */
    final BlockingQueue<String> reports = new LinkedBlockingQueue<>();

    private final Map<String, MeshPod> pods = new ConcurrentHashMap<>();
    /** Whether it can't tell about a pod that it doesn't list. */
    volatile boolean unsure;
    private volatile boolean synced;
    private volatile Listener listener;

    void put(MeshPod pod) {
        pods.put(pod.uid(), pod);
        listener.changed(pod.uid());
    }

    void remove(String uid) {
        pods.remove(uid);
        listener.changed(uid);
    }

    void sync() {
        synced = true;
        listener.synced();
    }

    @Override
    public void start(Listener told) {
        listener = told;
    }

    @Override
    public boolean synced() {
        return synced;
    }

    @Override
    public Collection<MeshPod> pods() {
        return pods.values();
    }

    @Override
    public Optional<MeshPod> pod(String uid) {
        return Optional.ofNullable(pods.get(uid));
    }

    @Override
    public Membership membership(String namespace, String name, String uid, Duration patience) {
        return Membership.among(pods.values(), namespace, name, uid)
                .orElseGet(() -> unsure ? new Membership.Unknown("nobody knows it") : new Membership.Outside("not listed"));
    }

    @Override
    public void report(MeshPod pod, Optional<PodState> state) {
        reports.add(pod.uid() + " " + state.map(PodState::word).orElse("gone"));
    }

    @Override
    public void close() {
        // nothing is open
    }
}
