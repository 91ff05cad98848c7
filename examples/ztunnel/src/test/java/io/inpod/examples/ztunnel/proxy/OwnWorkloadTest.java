package io.inpod.examples.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class OwnWorkloadTest {
    @Test
    void aPodMayBecomeKnownAfterItIsServedAndLeaveBeforeItIsNot() throws Exception {
        AtomicReference<Mesh> mesh = new AtomicReference<>(Mesh.EMPTY);
        OwnWorkload pod = new OwnWorkload(mesh::get, "n", new WorkloadInfo("a", "default", "sa"));
        assertThat(pod.workload()).isEmpty();
        assertThat(pod.telemetry()).isEmpty();

        mesh.set(Mesh.EMPTY.change().put(Workload.builder("u", "default").name("a").serviceAccount("sa").node("n").build()).build());
        assertThat(pod.workload()).isPresent();
        assertThat(pod.telemetry()).isPresent();

        mesh.set(Mesh.EMPTY);
        assertThat(pod.workload()).isEmpty();
        assertThat(pod.telemetry()).as("a request may be under way").isPresent();
    }
}
