package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Pods are distinguished from the node, wherever the process was started and whichever namespace the thread is in. */
@Pods
class NodeNamespacesTest {
    private static final Path NODE = Path.of("/proc/1/ns/net");

    @Test
    void aThreadInsideAPodStillBelongsToTheNode(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (NetworkNamespace node = NetworkNamespace.open(NODE)) {
            NodeNamespaces.refuse(pod);
            assertThatThrownBy(() -> NodeNamespaces.refuse(node)).hasMessageContaining("is this process's own: redirection there would cut off the node");
            pod.<Integer, IOException>call(() -> {
                NodeNamespaces.refuse(pod);
                assertThatThrownBy(() -> NodeNamespaces.refuse(node)).hasMessageContaining("is this process's own");
                return 0;
            });
        }
    }

    @Test
    void theNamespaceOfProcess1IsRefusedToo(PodNetwork network) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String output = Tool.run(network.pod(0).namespace(), java, "-cp", System.getProperty("java.class.path"), Elsewhere.class.getName());
        assertThat(output).contains("is that of process 1: redirection there would cut off the node");
    }

    /** A process that was started inside a pod. */
    static final class Elsewhere {
        public static void main(String[] arguments) throws IOException {
            try (NetworkNamespace node = NetworkNamespace.open(NODE)) {
                NodeNamespaces.refuse(node);
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
