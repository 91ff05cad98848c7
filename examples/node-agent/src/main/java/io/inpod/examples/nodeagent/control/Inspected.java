package io.inpod.examples.nodeagent.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.inpod.netns.NetworkNamespace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an agent knows of one pod.
 *
 * @param details what it says of the pod
 * @param netns the namespace in which it has enrolled the pod, owned by whoever has this value; null if it hasn't
 */
public record Inspected(Details details, @Nullable NetworkNamespace netns) implements AutoCloseable {
    /**
     * What a pod should have, and who serves it.
     *
     * @param pod the pod as a list shows it; null if the agent doesn't know it
     * @param outside if it doesn't: why the pod isn't in the mesh, as far as its source can tell
     * @param profile how inbound connections reach the proxy: {@code redirect} or {@code tproxy}
     * @param dnsCapture whether the pod's DNS queries go to the proxy
     * @param ingress whether inbound connections bypass the proxy, as for a gateway
     * @param virtualInterfaces interfaces of virtual machines in the pod
     * @param ipv6 whether IPv6 is redirected
     * @param proxyCgroups the cgroups that may use the proxy's mark; empty if every process may
     * @param proxies the process ids of the connected proxies; 0 stands for one that isn't visible in the agent's PID namespace
     * @param addresses the pod's addresses, as far as its source knows them
     * @param current the namespace that is the pod's by its source now, in the form of {@code readlink /proc/PID/ns/net}; null if it
     *     can't be found
     * @param search why it can't be found
     * @param node a file that refers to the node's namespace, if the agent keeps rules for health probes there
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Details(ControlReply.@Nullable Pod pod, @Nullable String outside, String profile, boolean dnsCapture, boolean ingress,
            List<String> virtualInterfaces, boolean ipv6, List<String> proxyCgroups, List<Integer> proxies, List<String> addresses,
            @Nullable String current, @Nullable String search, @Nullable String node) {
        /**
         * Copies the lists.
         *
         * @param pod see {@link Details}
         * @param outside see {@link Details}
         * @param profile see {@link Details}
         * @param dnsCapture see {@link Details}
         * @param ingress see {@link Details}
         * @param virtualInterfaces see {@link Details}
         * @param ipv6 see {@link Details}
         * @param proxyCgroups see {@link Details}
         * @param proxies see {@link Details}
         * @param addresses see {@link Details}
         * @param current see {@link Details}
         * @param search see {@link Details}
         * @param node see {@link Details}
         */
        public Details {
            virtualInterfaces = List.copyOf(virtualInterfaces);
            proxyCgroups = List.copyOf(proxyCgroups);
            proxies = List.copyOf(proxies);
            addresses = List.copyOf(addresses);
        }
    }

    /** Closes the namespace. */
    @Override
    public void close() {
        if (netns != null) {
            netns.close();
        }
    }
}
