package io.inpod.examples.nodeagent.enrol;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Which namespace is which pod's: each belongs to one. Thread-safe. */
final class NamespaceOwners {
    private final Map<NamespaceIdentity, String> uids = new ConcurrentHashMap<>();

    /** Makes a namespace a pod's; returns the other pod that has it, and changes nothing then. */
    Optional<String> take(NetworkNamespace netns, String uid) {
        return Optional.ofNullable(uids.putIfAbsent(netns.identity(), uid)).filter(other -> !other.equals(uid));
    }

    /** Returns the pod that has a namespace. */
    Optional<String> of(NetworkNamespace netns) {
        return Optional.ofNullable(uids.get(netns.identity()));
    }

    void release(NetworkNamespace netns, String uid) {
        uids.remove(netns.identity(), uid);
    }
}
