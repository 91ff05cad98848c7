package io.inpod.examples.ztunnel.live;

import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.tproxy.share.Share;
import java.util.concurrent.Executor;

/**
 * What the connections of all pods share when the mesh changes.
 *
 * @param watch notifies of changes
 * @param denials counts what policy has refused and cut
 * @param places for connections that wait until the mesh knows their pod; pods have parts of it
 */
public record Enforcement(MeshWatch watch, Denials denials, Share places) {
    /**
     * Begins to watch a mesh.
     *
     * @param state the mesh
     * @param thread decides about connections after a change, one task after the other; started already, see {@code Main}
     * @return what the pods share
     */
    public static Enforcement of(MeshState state, Executor thread) {
        return new Enforcement(new MeshWatch(state, thread), new Denials(), Share.of(WorkloadWait.PLACES));
    }
}
