package io.inpod.examples.cluster;

import java.util.List;
import java.util.Map;

/**
 * A pod to be started by {@link Containerd}, with one container of the image {@code localhost/busybox:1}.
 *
 * @param namespace its namespace
 * @param name its name
 * @param uid its uid, as the orchestrator would give it
 * @param labels its labels
 * @param annotations its annotations
 * @param hostNetwork whether it uses the node's network instead of one of its own
 * @param command what it runs
 */
public record PodOrder(String namespace, String name, String uid, Map<String, String> labels, Map<String, String> annotations,
        boolean hostNetwork,
        List<String> command) {
    /** Copies the collections. */
    public PodOrder {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
        command = List.copyOf(command);
    }

    /**
     * Orders a pod with a network of its own, without labels and annotations.
     *
     * @param namespace its namespace
     * @param name its name
     * @param uid its uid
     * @param command what it runs
     * @return the order
     */
    public static PodOrder of(String namespace, String name, String uid, String... command) {
        return new PodOrder(namespace, name, uid, Map.of(), Map.of(), false, List.of(command));
    }
}
