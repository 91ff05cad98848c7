package io.inpod.examples.nodeagent.pod;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.watch.FoundNamespace;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

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

    /**
     * Opens a namespace in which something may run: there is a process in it, or a file by which the runtime keeps it. The descriptors of
     * the agent and of proxies don't count, so a namespace that only they keep alive is gone.
     *
     * @param identity the namespace, as {@code readlink /proc/PID/ns/net} prints it
     * @return the namespace, to be closed by the caller; empty if it is gone
     * @throws IOException if that can't be found out
     */
    default Optional<NetworkNamespace> open(String identity) throws IOException {
        for (FoundNamespace found : FoundNamespace.all()) {
            if (found.identity().toString().equals(identity)) {
                try {
                    return Optional.of(found.open());
                } catch (NoSuchFileException e) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }
}
