package io.inpod.examples.nodeagent.kubernetes;

import io.inpod.examples.nodeagent.pod.Membership;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which pods are in the mesh. Names and rules are Istio's.
 *
 * @param excluded the namespaces whose pods never are; among them the agent's own, in which the ztunnel is too
 */
record Selection(Set<String> excluded) {
    /** The label of pods and namespaces. */
    static final String MODE = "istio.io/dataplane-mode";
    private static final String AMBIENT = "ambient";
    private static final String NONE = "none";

    Selection {
        excluded = Set.copyOf(excluded);
    }

    /**
     * Decides about a pod.
     *
     * @param namespace its namespace; null if unknown
     */
    Membership decide(ApiPod pod, @Nullable ApiNamespace namespace) {
        if (excluded.contains(pod.namespace())) {
            return excludedNamespace(pod.namespace());
        }
        if (pod.hostNetwork()) {
            return new Membership.Outside("it has the node's network");
        }
        if (pod.sidecar()) {
            return new Membership.Outside("it has a sidecar");
        }
        if (pod.ended()) {
            return new Membership.Outside("it has ended");
        }
        if (pod.mode().equals(NONE)) {
            return new Membership.Outside("its label " + MODE + " is " + NONE);
        }
        if (pod.mode().equals(AMBIENT)) {
            return new Membership.Member(pod.pod());
        }
        if (namespace == null) {
            return new Membership.Unknown("the labels of namespace " + pod.namespace() + " aren't known");
        }
        return namespace.mode().equals(AMBIENT) ? new Membership.Member(pod.pod())
                : new Membership.Outside("neither it nor its namespace has the label " + MODE + "=" + AMBIENT);
    }

    static Membership.Outside excludedNamespace(String name) {
        return new Membership.Outside("namespace " + name + " is excluded");
    }
}
