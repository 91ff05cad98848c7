package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds a pod by its processes: the oldest one that is in a namespace with one of the pod's addresses. A process that is in another pod's
 * namespace for a moment, or in one that a container has made for itself, isn't followed. Pods whose addresses aren't known aren't found.
 */
final class ProcessFinder implements NamespaceFinder {
    private final Processes processes;

    ProcessFinder(Processes processes) {
        this.processes = processes;
    }

    @Override
    public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
        PodCgroup cgroups = new PodCgroup(pods.stream().map(MeshPod::uid).toList());
        Map<String, List<PodProcess>> byPod =
                processes.list(cgroups, processes.ofTheNode()).stream().collect(Collectors.groupingBy(PodProcess::uid));
        Map<String, NetworkNamespace> found = new HashMap<>();
        for (MeshPod pod : pods) {
            first(pod, byPod.getOrDefault(pod.uid(), List.of())).ifPresent(namespace -> found.put(pod.uid(), namespace));
        }
        return found;
    }

    @Override
    public Optional<NetworkNamespace> open(String identity) throws IOException {
        return processes.open(identity);
    }

    private Optional<NetworkNamespace> first(MeshPod pod, List<PodProcess> oldestFirst) {
        Set<NamespaceIdentity> others = new HashSet<>();
        for (PodProcess process : oldestFirst) {
            Optional<NetworkNamespace> opened = others.contains(process.namespace()) ? Optional.empty() : processes.open(process);
            if (opened.isPresent()) {
                if (!Collections.disjoint(Ownership.addresses(opened.get()), pod.addresses())) {
                    return opened;
                }
                others.add(process.namespace());
                opened.get().close();
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return "processes in " + processes.proc();
    }
}
