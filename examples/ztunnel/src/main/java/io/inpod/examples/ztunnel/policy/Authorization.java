package io.inpod.examples.ztunnel.policy;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;

/**
 * Decides which connections a workload accepts, with the meaning of Istio's authorization policies at the level of TCP, but fails closed:
 * what can't be decided is denied. First the DENY policies count: one that matches is enough to deny. Then the ALLOW policies: if there are
 * any, one must match. Policies that are only tried don't count, but the verdict says what they would change.
 */
public final class Authorization {
    private Authorization() {}

    /**
     * Decides about a connection.
     *
     * @param mesh the state of the mesh
     * @param destination the workload to which it goes
     * @param attempt the connection
     * @param trace is told which policies were looked at, and what matched or why nothing did
     * @return the verdict
     */
    public static Verdict decide(Mesh mesh, Workload destination, Attempt attempt, Trace trace) {
        return Policies.of(mesh, destination).decide(attempt, trace);
    }
}
