package io.inpod.examples.nodeagent.plugin;

import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Decides by a pod's name: what begins with "in" is a member, with "out" is none, and of others nobody knows. */
final class FakeSource implements PodSource {
    final Map<String, MeshPod> known = new ConcurrentHashMap<>();

    static MeshPod pod(String namespace, String name, String uid, Set<InetAddress> addresses) {
        return new MeshPod(uid, new WorkloadInfo(name, namespace, "default"), PodOverrides.NONE, addresses, null, null);
    }

    @Override
    public Membership membership(String namespace, String name, String uid, Duration patience) {
        if (name.startsWith("in")) {
            return new Membership.Member(known.getOrDefault(uid, pod(namespace, name, uid.isEmpty() ? "uid-of-" + name : uid, Set.of())));
        }
        return name.startsWith("out") ? new Membership.Outside("not labelled") : new Membership.Unknown("the API server is away: no route to host");
    }

    @Override
    public Collection<MeshPod> pods() {
        return known.values();
    }

    @Override
    public Optional<MeshPod> pod(String uid) {
        return Optional.ofNullable(known.get(uid));
    }

    @Override
    public void start(Listener listener) {}

    @Override
    public boolean synced() {
        return true;
    }

    @Override
    public void report(MeshPod pod, Optional<PodState> state) {}

    @Override
    public void close() {}
}
