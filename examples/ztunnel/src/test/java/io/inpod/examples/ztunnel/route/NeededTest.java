package io.inpod.examples.ztunnel.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What has to be asked for before it is decided where a connection goes. */
class NeededTest {
    private final Workload client = Meshes.workload("client").network("near").build();

    private List<String> names(Mesh mesh, String address) {
        return Needed.forTarget(mesh, client, new Target.Address(Meshes.ip(address), 80));
    }

    private static Mesh with(Workload workload) {
        return Mesh.EMPTY.change().put(workload).build();
    }

    /** The control plane compares texts, so a longer form of the same address would be a name that it doesn't have. */
    @Test
    void addressesAreWrittenAsTheControlPlaneWritesThem() {
        assertThat(names(Mesh.EMPTY, "10.0.0.2")).containsExactly("near/10.0.0.2");
        assertThat(names(Mesh.EMPTY, "fd00:0:0:0:0:0:0:1")).containsExactly("near/fd00::1");
        assertThat(names(Mesh.EMPTY, "FD00:0:0:1:0:0:0:A")).containsExactly("near/fd00:0:0:1::a");
        assertThat(names(Mesh.EMPTY, "fd00:1:0:2:3:4:5:6")).containsExactly("near/fd00:1:0:2:3:4:5:6");
        assertThat(names(Mesh.EMPTY, "::1")).isEmpty();
    }

    /** It may have come with its service, and a pod that is reached through a tunnel may have the same address. */
    @Test
    void aWorkloadInPlaintextDoesntMakeItsAddressKnown() {
        assertThat(names(with(Meshes.workload("db", "10.0.0.2").network("near").hbone(false).build()), "10.0.0.2")).containsExactly("near/10.0.0.2");
        assertThat(names(with(Meshes.workload("q", "10.0.0.2").network("near").build()), "10.0.0.2")).isEmpty();
    }
}
