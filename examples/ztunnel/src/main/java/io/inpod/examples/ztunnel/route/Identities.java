package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who may be at the end of a tunnel. */
final class Identities {
    private Identities() {}

    /** The workload itself, or one of those that the service names. */
    static Set<SpiffeId> of(Workload workload, @Nullable Service service) {
        if (service == null || service.subjectAltNames().isEmpty()) {
            return Set.of(workload.identity());
        }
        Set<SpiffeId> all = of(service);
        all.add(workload.identity());
        return all;
    }

    /** Those that the service names. What isn't an identity of a mesh matches nobody. */
    static Set<SpiffeId> of(Service service) {
        Set<SpiffeId> all = new HashSet<>();
        for (String name : service.subjectAltNames()) {
            try {
                all.add(SpiffeId.parse(name));
            } catch (IllegalArgumentException e) {
                // matches nobody
            }
        }
        return all;
    }
}
