package io.inpod.examples.ztunnel.mesh;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The ports of a service, or those of one of its endpoints.
 *
 * @param targets the port of the app by the port of the service; 0 if each endpoint has its own, by name
 */
public record Ports(Map<Integer, Integer> targets) {
    /** No port. */
    public static final Ports NONE = new Ports(Map.of());

    /** Copies the map. */
    public Ports {
        targets = Map.copyOf(targets);
    }

    /**
     * Returns the app's port.
     *
     * @param servicePort the service's port
     * @return the app's port, 0 if each endpoint has its own, or null if the service doesn't have that port
     */
    public @Nullable Integer target(int servicePort) {
        return targets.get(servicePort);
    }
}
