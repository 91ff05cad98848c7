package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What the extension does to the tests of someone who lacks the privilege, or who leaves something behind. */
class PrivilegeTest {
    private static final String[] WITHOUT = {"setpriv", "--inh-caps=-all", "--bounding-set=-sys_admin"};
    private static final String COMMAND = "unshare -Ur --mount --net --pid --fork --kill-child --mount-proc";

    @Test
    void withoutPrivilegeTestsAreSkippedWithTheCommand() throws Exception {
        assertThat(ChildJvm.run(ChildJvm.command(Runner.class).withArguments("tidy").through(WITHOUT).inEnvironment("CI", "")))
                .contains("ABORTED missing privilege NAMESPACES")
                .contains("Operation not permitted (EPERM")
                .contains(COMMAND);
    }

    @Test
    void withoutPrivilegeTestsFailInContinuousIntegration() throws Exception {
        assertThat(ChildJvm.run(ChildJvm.command(Runner.class).withArguments("tidy").through(WITHOUT).inEnvironment("CI", "true")))
                .contains("FAILED missing privilege NAMESPACES")
                .contains(COMMAND);
    }

    @Test
    void theCommandHelps() throws Exception {
        String[] command = {"unshare", "-Ur", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
            "sh", "-c", "mount -t tmpfs tmpfs /run && ip link set lo up && exec \"$@\"", "sh"};

        assertThat(ChildJvm.run(ChildJvm.command(Runner.class).withArguments("tidy").through(command).inEnvironment("CI", "true"))).isEqualTo("SUCCESSFUL \n");
    }

    @Test
    void withPrivilegeATidyTestPassesAndAnUntidyOneFails() throws Exception {
        assertThat(ChildJvm.run(ChildJvm.command(Runner.class).withArguments("tidy"))).isEqualTo("SUCCESSFUL \n");
        try {
            assertThat(ChildJvm.run(ChildJvm.command(Runner.class).withArguments("untidy"))).contains("FAILED left behind: ").contains("/run/netns/untidy");
        } finally {
            NetworkNamespace.delete("untidy");
        }
    }

    /** A user's test class; not one of ours. */
    @EnabledIfSystemProperty(named = "inpod.test.users", matches = "true")
    @Pods(1)
    static final class Users {
        @Test
        void tidy(PodNetwork network) throws Exception {
            assertThat(network.pod(0).namespace().<String, Exception>call(() -> Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString()))
                    .isEqualTo(network.pod(0).namespace().identity().toString());
        }

        @Test
        void untidy(PodNetwork network) throws Exception {
            assertThat(network.pods()).hasSize(1);
            NetworkNamespace.create("untidy").close();
        }
    }

    /** Runs one of them in a process of its own and prints how it ended. */
    static final class Runner {
        private Runner() {}

        public static void main(String[] args) {
            System.setProperty("inpod.test.users", "true");
            LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                    .selectors(DiscoverySelectors.selectMethod(Users.class.getName() + "#" + args[0] + "(" + PodNetwork.class.getName() + ")"))
                    .build();
            LauncherFactory.create().execute(request, new TestExecutionListener() {
                @Override
                public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                    if (test.isTest()) {
                        System.out.println(result.getStatus() + " " + result.getThrowable().map(Throwable::getMessage).orElse(""));
                    }
                }
            });
        }
    }
}
