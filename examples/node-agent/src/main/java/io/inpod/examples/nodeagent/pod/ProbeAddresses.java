package io.inpod.examples.nodeagent.pod;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;

/**
 * The node's set of addresses to which its own processes, such as the kubelet with its health probes, connect from the probe address that
 * the pods' rules let pass. Each address belongs to a pod: what one pod gives back, while another has got it, stays. Thread-safe.
 */
public interface ProbeAddresses {
    /**
     * Enters the addresses of a pod, and removes others that it had.
     *
     * @param uid the pod
     * @param addresses all its addresses; those of a family that isn't redirected are ignored
     * @throws IOException if the set can't be changed
     */
    void put(String uid, Set<InetAddress> addresses) throws IOException;

    /**
     * Removes the addresses that are this pod's. Removing twice does nothing.
     *
     * @param uid the pod
     * @throws IOException if the set can't be changed
     */
    void remove(String uid) throws IOException;

    /**
     * Makes the set exactly this, with the node's rules that use it, without a moment in which an address that stays is missing. Repairs
     * what somebody else has removed.
     *
     * @param addresses all pods' addresses, by uid
     * @throws IOException if rules or set can't be changed
     */
    void keepExactly(Map<String, Set<InetAddress>> addresses) throws IOException;
}
