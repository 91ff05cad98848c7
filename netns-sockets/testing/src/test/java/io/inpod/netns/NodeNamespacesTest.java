package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
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
        String output = Tool.run(network.pod(0).namespace(), java, "-cp", System.getProperty("java.class.path"), Elsewhere.class.getName(), NODE.toString());
        assertThat(output).contains("is that of process 1: redirection there would cut off the node");
    }

    /** Without CAP_SYS_PTRACE, root can't open the namespace of process 1, which has it. */
    @Test
    void process1IsRecognisedWithoutTheRightToInspectIt(PodNetwork network) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Path first = Files.createFile(Path.of("/run/first"));
        Path other = Files.createFile(Path.of("/run/other"));
        Tool.run(network.node(), "mount", "--bind", NODE.toString(), first.toString());
        Tool.run(network.pod(0).namespace(), "mount", "--bind", "/proc/thread-self/ns/net", other.toString());
        try {
            String output = Tool.run(network.node(), "setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-all", java, "-cp",
                    System.getProperty("java.class.path"), Elsewhere.class.getName(), first.toString(), other.toString(), NODE.toString());

            assertThat(output).contains("(/run/first) is that of process 1: redirection there would cut off the node", "/run/other passes",
                    "open on /proc/1/ns/net failed");
        } finally {
            Tool.run(network.node(), "umount", first.toString(), other.toString());
            Files.delete(first);
            Files.delete(other);
        }
    }

    @Test
    void aProcessMayActOnItsOwnNamespaceIfThatIsAPods(PodNetwork network) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.initial()) {
            NodeNamespaces.refuseUnlessOwn(own); // the sandbox's, which isn't the machine's
            NodeNamespaces.refuseUnlessOwn(network.pod(0).namespace());
        }
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        assertThat(Tool.run(network.pod(0).namespace(), java, "-cp", System.getProperty("java.class.path"), Elsewhere.class.getName(),
                "own", NODE.toString())).contains("own passes", "is that of process 1");
    }

    /** A process that was started inside a pod. */
    static final class Elsewhere {
        public static void main(String[] paths) {
            for (String path : paths) {
                try (NetworkNamespace namespace = path.equals("own") ? NetworkNamespace.initial() : NetworkNamespace.open(Path.of(path))) {
                    if (paths[0].equals("own")) {
                        NodeNamespaces.refuseUnlessOwn(namespace);
                    } else {
                        NodeNamespaces.refuse(namespace);
                    }
                    System.out.println(path + " passes");
                } catch (IOException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }
}
