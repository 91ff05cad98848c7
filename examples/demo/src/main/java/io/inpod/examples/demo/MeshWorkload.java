package io.inpod.examples.demo;

import java.net.InetAddress;
import java.util.Collection;
import java.util.stream.Collectors;

/**
 * A pod that the mesh knows, as a control plane would tell the ztunnel.
 *
 * @param namespace its namespace
 * @param name its name
 * @param serviceAccount its service account
 * @param address its address
 */
public record MeshWorkload(String namespace, String name, String serviceAccount, InetAddress address) {
    /** The name of the node on which all pods are. */
    static final String NODE = "node1";

    /** {@return the ztunnel's file for these pods} */
    static String file(Collection<MeshWorkload> pods) {
        return pods.stream().map(pod -> """
                - {uid: "demo//v1/Pod/%1$s/%2$s", name: "%2$s", namespace: "%1$s", serviceAccount: "%3$s", workloadIps: ["%4$s"],
                   protocol: HBONE, node: %5$s}
                """.formatted(pod.namespace, pod.name, pod.serviceAccount, pod.address.getHostAddress(), NODE))
                .collect(Collectors.joining("", "workloads:\n", pods.isEmpty() ? "  []\n" : ""));
    }
}
