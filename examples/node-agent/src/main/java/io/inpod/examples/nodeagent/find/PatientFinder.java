package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Searches only at the third try for a pod that has no address yet: its network is about to be made, and whoever makes it tells the agent.
 * So a costly way isn't taken for each new pod. Thread-safe.
 */
final class PatientFinder implements NamespaceFinder {
    private static final int TRIES_WITHOUT = 2;
    private static final int MOST_REMEMBERED = 1_000;

    private final NamespaceFinder finder;
    /** By uid, how often a pod without addresses was asked for; the eldest are forgotten. */
    private final Map<String, Integer> tries = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    PatientFinder(NamespaceFinder finder) {
        this.finder = finder;
    }

    @Override
    public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
        List<MeshPod> due = pods.stream().filter(this::isDue).toList();
        return due.isEmpty() ? new HashMap<>() : finder.find(due);
    }

    private synchronized boolean isDue(MeshPod pod) {
        return !pod.addresses().isEmpty() || tries.merge(pod.uid(), 1, Integer::sum) > TRIES_WITHOUT;
    }

    @Override
    public Optional<NetworkNamespace> open(String identity) throws IOException {
        return finder.open(identity);
    }

    @Override
    public String toString() {
        return finder.toString();
    }
}
