package io.inpod.examples.ztunnel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSourceTest {
    @TempDir
    private Path directory;

    @Test
    void followsItsFile() throws Exception {
        Path file = directory.resolve("mesh.yaml");
        Files.writeString(file, workload("a"));
        MeshState mesh = new MeshState();
        FileSource source = FileSource.read(ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS_PATH", file.toString())), mesh);
        Mesh first = mesh.get();
        assertThat(source.refresh()).isFalse();
        assertThat(first.local("n", "a", "default", "sa")).isPresent();

        replace(file, workload("b"));
        assertThat(source.refresh()).isTrue();
        assertThat(mesh.get().local("n", "a", "default", "sa")).isEmpty();
        assertThat(mesh.get().local("n", "b", "default", "sa")).isPresent();

        replace(file, "workloads: [{unheardOf: 1}]");
        assertThatThrownBy(source::refresh).isInstanceOf(ConfigException.class).hasMessageContaining("unheardOf");
        assertThat(source.refresh()).as("it has said so once").isFalse();
        assertThat(mesh.get().local("n", "b", "default", "sa")).isPresent();

        Files.delete(file);
        assertThat(source.refresh()).isFalse();
        replace(file, workload("c"));
        assertThat(source.refresh()).isTrue();
    }

    @Test
    void textNeverChanges() throws Exception {
        MeshState mesh = new MeshState();
        FileSource source = FileSource.read(ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", workload("a"))), mesh);

        assertThat(source.refresh()).isFalse();
        assertThat(mesh.get().size()).isEqualTo(1);
    }

    private void replace(Path file, String text) throws Exception {
        Path next = Files.writeString(directory.resolve("next"), text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String workload(String name) {
        return "workloads: [{uid: uid-" + name + ", name: " + name + ", namespace: default, serviceAccount: sa, workloadIps: [10.0.0.1], node: n, protocol: HBONE}]";
    }
}
