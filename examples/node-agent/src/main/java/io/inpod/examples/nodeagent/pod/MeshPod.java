package io.inpod.examples.nodeagent.pod;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pod that should be in the mesh.
 *
 * @param uid its name for the agent and the proxy, unique among all pods that there ever were
 * @param info its names
 * @param overrides the options that it overrides; {@link PodOverrides#NONE} if they can't be read
 * @param addresses its addresses, as far as the source knows them; empty before its network is set up
 * @param netns a file that refers to its network namespace; null if the source doesn't know one, so that the namespace must be searched for
 * @param identity the identity of the namespace that the file must refer to, as {@code readlink /proc/PID/ns/net} prints it: a process id
 *     is used again. Null if whatever the file refers to is right
 * @param fault why it can't be enrolled as it is, for example an annotation that can't be read; it is kept closed then. Null if nothing is
 *     wrong
 */
public record MeshPod(String uid, WorkloadInfo info, PodOverrides overrides, Set<InetAddress> addresses, @Nullable Path netns,
        @Nullable String identity, @Nullable String fault) {
    /** Copies the set. */
    public MeshPod {
        addresses = Set.copyOf(addresses);
    }

    /**
     * Creates a pod whose namespace may be any that its file refers to.
     *
     * @param uid its uid
     * @param info its names
     * @param overrides the options that it overrides
     * @param addresses its addresses
     * @param netns the file that refers to its namespace, or null
     * @param fault why it can't be enrolled as it is, or null
     */
    public MeshPod(String uid, WorkloadInfo info, PodOverrides overrides, Set<InetAddress> addresses, @Nullable Path netns,
            @Nullable String fault) {
        this(uid, info, overrides, addresses, netns, null, fault);
    }
}
