package io.inpod.netns;

import java.io.IOException;
import java.nio.file.AccessDeniedException;

/** The network namespaces in which the node itself lives: a pod's rules or redirection there would cut off the node. */
public final class NodeNamespaces {
    private NodeNamespaces() {}

    /**
     * Refuses the namespace that this process was started in and that of process 1, and also one that can't be compared with them. The
     * namespace that the calling thread is in doesn't matter: a thread may be inside a pod's namespace, which must be allowed.
     *
     * @param candidate a namespace that should be a pod's
     * @throws IOException saying whose namespace it is, or why that can't be found out
     */
    public static void refuse(NetworkNamespace candidate) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.initial()) {
            refuse(candidate, own, "this process's own");
        }
        try (NetworkNamespace first = ofFirstProcess(candidate)) {
            refuse(candidate, first, "that of process 1");
        }
    }

    private static void refuse(NetworkNamespace candidate, NetworkNamespace node, String whose) throws IOException {
        if (node.equals(candidate)) {
            throw new IOException(candidate + " is " + whose + ": redirection there would cut off the node");
        }
    }

    private static NetworkNamespace ofFirstProcess(NetworkNamespace candidate) throws IOException {
        try {
            return NetworkNamespace.ofProcess(1);
        } catch (IOException e) {
            throw new IOException("can't find out whether " + candidate + " is that of process 1: " + e.getMessage()
                    + (e instanceof AccessDeniedException ? "; this needs CAP_SYS_PTRACE" : ""), e);
        }
    }
}
