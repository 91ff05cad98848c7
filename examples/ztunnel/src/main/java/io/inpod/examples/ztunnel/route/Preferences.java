package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Scope;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.List;

/** How much an endpoint has in common with the client, of what its service prefers. */
final class Preferences {
    /** The rank of an endpoint that isn't chosen at all. */
    static final int NEVER = -1;

    private Preferences() {}

    /** Returns a larger number for what is preferred, or {@link #NEVER}. */
    static int rank(LoadBalancing balancing, Workload source, Workload endpoint) {
        List<Scope> preferences = balancing.preferences();
        if (balancing.mode() == Mode.STANDARD || preferences.isEmpty()) {
            return 0;
        }
        int rank = 0;
        int common = 0;
        for (int i = 0; i < preferences.size(); i++) {
            // The network as the first one outweighs all others, so others are compared even if it differs.
            boolean networkFirst = i == 0 && preferences.get(0) == Scope.NETWORK;
            if (isCommon(preferences.get(i), source, endpoint)) {
                rank += networkFirst ? preferences.size() : 1;
                common++;
            } else if (!networkFirst) {
                break;
            }
        }
        return balancing.mode() == Mode.STRICT && common < preferences.size() ? NEVER : rank;
    }

    private static boolean isCommon(Scope scope, Workload a, Workload b) {
        return scope.of(a).equals(scope.of(b));
    }
}
