package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Searches in a costly way, but only for pods for which {@link Patience} is over. */
final class PatientFinder implements NamespaceFinder {
    private final NamespaceFinder finder;
    private final Patience patience;

    PatientFinder(NamespaceFinder finder, Patience patience) {
        this.finder = finder;
        this.patience = patience;
    }

    @Override
    public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
        List<MeshPod> due = pods.stream().filter(patience::isOver).toList();
        return due.isEmpty() ? new HashMap<>() : finder.find(due);
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
