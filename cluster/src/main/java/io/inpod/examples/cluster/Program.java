package io.inpod.examples.cluster;

import java.util.Locale;

/** A program of a node. */
public enum Program {
    /** The store behind the API server. */
    ETCD,
    /** The API server. */
    KUBE_APISERVER,
    /** The controllers, for example of deployments and service accounts. */
    KUBE_CONTROLLER_MANAGER,
    /** Assigns pods to the node. */
    KUBE_SCHEDULER,
    /** The container runtime. */
    CONTAINERD,
    /** Starts the node's pods. */
    KUBELET;

    /** Returns the name of the program's file. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
