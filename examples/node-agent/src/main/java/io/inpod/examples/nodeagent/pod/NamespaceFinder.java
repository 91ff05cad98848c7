package io.inpod.examples.nodeagent.pod;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;

/** Finds the network namespaces of pods that run already, for example after a restart of the agent. Thread-safe. */
@FunctionalInterface
public interface NamespaceFinder {
    /**
     * Searches for the namespaces of several pods at once.
     *
     * @param pods the pods
     * @return by uid, the namespaces that were found and certainly are those pods'; to be closed by the caller
     * @throws IOException if nothing can be searched
     */
    Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException;
}
