package io.inpod.examples.ztunnel.xds;

import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Policies that workloads have come to name, and that haven't come themselves: istiod sends the workloads first. For one thread.
 */
final class MissingPolicies {
    private final Set<String> names = new HashSet<>();

    /**
     * Notes what a response with workloads newly names.
     *
     * @param response the response
     * @param mesh the mesh with the response
     * @param counting the mesh that counts: what it names in vain already isn't waited for again
     */
    void look(DeltaDiscoveryResponse response, Mesh mesh, Mesh counting) {
        for (Resource resource : response.getResourcesList()) {
            Collection<String> named = policies(mesh, resource.getName());
            if (!named.isEmpty()) {
                Collection<String> before = policies(counting, resource.getName());
                named.stream().filter(name -> !before.contains(name) && mesh.policy(name).isEmpty()).forEach(names::add);
            }
        }
    }

    private static Collection<String> policies(Mesh mesh, String uid) {
        return mesh.workload(uid).map(Workload::policies).orElse(List.of());
    }

    /** Returns whether none is missing; remembers which of them have come. */
    boolean isNoneMissing(Mesh mesh) {
        names.removeIf(name -> mesh.policy(name).isPresent());
        return names.isEmpty();
    }

    /** Waits for none of them any longer, and returns which they are. */
    List<String> forget() {
        List<String> forgotten = List.copyOf(names);
        names.clear();
        return forgotten;
    }
}
