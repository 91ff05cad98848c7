package io.inpod.netns.testing.fault;

import io.inpod.netns.NetworkNamespace;

/** A pod as faults see it: a namespace with a veth pair, whose other end belongs to a bridge in the node. */
public interface Endpoint {
    /** {@return its name, for messages} */
    String name();

    /** {@return its network namespace} */
    NetworkNamespace namespace();

    /** {@return the namespace of the bridge} */
    NetworkNamespace node();

    /** {@return the name of its veth's other end, in the node} */
    String link();
}
