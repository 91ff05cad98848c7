package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What the agent has entered into the node's set of probe addresses. Thread-safe. */
final class ProbeSet {
    private final ProbeAddresses addresses;
    private final Map<String, Set<InetAddress>> entered = new HashMap<>();

    ProbeSet(ProbeAddresses addresses) {
        this.addresses = addresses;
    }

    /** Takes it that these pods' addresses have been entered by an earlier agent. */
    synchronized void assume(Collection<MeshPod> pods) {
        for (MeshPod pod : pods) {
            if (!pod.addresses().isEmpty()) {
                entered.putIfAbsent(pod.uid(), pod.addresses());
            }
        }
    }

    synchronized void put(String uid, Set<InetAddress> now) throws IOException {
        if (!now.equals(entered.getOrDefault(uid, Set.of()))) {
            addresses.put(uid, now);
            entered.put(uid, now);
        }
    }

    synchronized void remove(String uid) throws IOException {
        addresses.remove(uid);
        entered.remove(uid);
    }

    /** Repairs what somebody else has changed. */
    synchronized void repair() throws IOException {
        addresses.keepExactly(Map.copyOf(entered));
    }
}
