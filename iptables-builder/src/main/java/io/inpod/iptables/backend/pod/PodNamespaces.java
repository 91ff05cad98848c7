package io.inpod.iptables.backend.pod;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/** Keeps a pod's rules out of the namespaces that the node itself lives in, where they would cut off the node. */
final class PodNamespaces {
    private PodNamespaces() {
    }

    /** Refuses the namespaces of this process and of process 1. One that can't be compared is refused as well. */
    static void check(NetworkNamespace candidate) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.initial()) {
            if (own.equals(candidate)) {
                throw new IOException(candidate + " is this process's own: a pod's rules there would cut off the node");
            }
        }
        try (NetworkNamespace node = NetworkNamespace.ofProcess(1)) {
            if (node.equals(candidate)) {
                throw new IOException(candidate + " is that of process 1: a pod's rules there would cut off the node");
            }
        } catch (java.nio.file.AccessDeniedException e) {
            throw new IOException("can't tell whether " + candidate + " is that of process 1: " + e.getMessage() + "; this needs CAP_SYS_PTRACE", e);
        }
    }
}
