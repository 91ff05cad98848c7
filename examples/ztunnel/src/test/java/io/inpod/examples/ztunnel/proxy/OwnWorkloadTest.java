package io.inpod.examples.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.CurrentMesh;
import io.inpod.examples.ztunnel.config.Mesh;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class OwnWorkloadTest {
    @Test
    void aPodMayBecomeKnownAfterItIsServedAndLeaveBeforeItIsNot() throws Exception {
        AtomicReference<Mesh> mesh = new AtomicReference<>(new Mesh(List.of()));
        OwnWorkload pod = new OwnWorkload(mesh::get, "n", new WorkloadInfo("a", "default", "sa"));
        assertThat(pod.workload()).isEmpty();
        assertThat(pod.telemetry()).isEmpty();

        mesh.set(CurrentMesh.read(ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS",
                "workloads: [{uid: u, name: a, namespace: default, serviceAccount: sa, workloadIps: [10.0.0.1], node: n, protocol: HBONE}]"))).get());
        assertThat(pod.workload()).isPresent();
        assertThat(pod.telemetry()).isPresent();

        mesh.set(new Mesh(List.of()));
        assertThat(pod.workload()).isEmpty();
        assertThat(pod.telemetry()).as("a request may be under way").isPresent();
    }
}
