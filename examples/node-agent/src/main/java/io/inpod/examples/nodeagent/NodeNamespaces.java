package io.inpod.examples.nodeagent;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/** Keeps redirection out of the namespaces that the node itself lives in, where it would cut off the node. */
final class NodeNamespaces {
    /**
     * Refuses the namespaces of this process and of process 1. One that can't be compared is refused as well.
     *
     * @throws AgentException saying whose namespace it is
     * @throws IOException if this process's own namespace can't be opened
     */
    void refuse(NetworkNamespace candidate) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            if (own.equals(candidate)) {
                throw new AgentException(candidate + " is this agent's own: redirection there would cut off the node");
            }
        }
        try (NetworkNamespace node = NetworkNamespace.ofProcess(1)) {
            if (node.equals(candidate)) {
                throw new AgentException(candidate + " is that of process 1: redirection there would cut off the node");
            }
        } catch (AgentException e) {
            throw e;
        } catch (IOException e) {
            throw new AgentException("can't tell whether " + candidate + " is that of process 1: " + e.getMessage()
                    + "; the agent needs CAP_SYS_PTRACE", e);
        }
    }
}
