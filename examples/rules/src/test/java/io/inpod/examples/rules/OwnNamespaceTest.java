package io.inpod.examples.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --own-namespace}: an init container, which has CAP_NET_ADMIN and nothing else, changes the rules of the pod that it is a part of. */
@Pods
class OwnNamespaceTest {
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "nft"})
    void needsOnlyNetAdmin(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (String command : List.of("apply", "verify", "diff", "remove")) {
            inPod(pod, command, "--own-namespace", "--backend", backend);
            assertThat(Tool.run(pod, "nft", "list", "ruleset").contains("15001")).as(command).isEqualTo(!command.equals("remove"));
        }
        assertThatThrownBy(() -> inPod(pod, "apply", "--netns", "/proc/self/ns/net", "--backend", backend))
                .hasMessageContaining("is this process's own: redirection there would cut off the node");
        assertThatThrownBy(() -> inPod(pod, "apply", "--own-namespace", "--netns", "/proc/self/ns/net")).hasMessageContaining("mutually exclusive");
    }

    private static void inPod(NetworkNamespace pod, String... arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of("setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps", "-all,+net_admin", "--no-new-privs",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), RulesMain.class.getName()));
        line.addAll(List.of(arguments));
        Tool.run(pod, line.toArray(String[]::new));
    }
}
