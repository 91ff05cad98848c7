package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;

/** Where the node probes no pods. */
public enum NoProbeAddresses implements ProbeAddresses {
    /** The only one. */
    INSTANCE;

    @Override
    public void put(String uid, Set<InetAddress> addresses) {
        // nothing to enter
    }

    @Override
    public void remove(String uid) {
        // nothing was entered
    }

    @Override
    public void keepExactly(Map<String, Set<InetAddress>> addresses) {
        // nothing was entered
    }
}
