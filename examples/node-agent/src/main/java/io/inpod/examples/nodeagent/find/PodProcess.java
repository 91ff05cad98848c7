package io.inpod.examples.nodeagent.find;

import io.inpod.netns.NamespaceIdentity;
import java.util.Comparator;

/**
 * A process of a pod, as one look at {@code /proc} shows it.
 *
 * @param pid its id
 * @param started its start time in the clock ticks of {@code /proc/PID/stat}, which tells it from later processes with the same id
 * @param namespace the network namespace that it is in, which needn't be the pod's
 * @param uid the pod to which its cgroup belongs
 */
record PodProcess(long pid, long started, NamespaceIdentity namespace, String uid) {
    /** The oldest comes first: it is the one for which the runtime made the namespace. */
    static final Comparator<PodProcess> OLDEST = Comparator.comparingLong(PodProcess::started).thenComparingLong(PodProcess::pid);
}
