package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The extension's effect on tests that lack the privilege, or that leave something behind. */
class PrivilegeTest {
    private static final String[] WITHOUT = {"setpriv", "--inh-caps=-all", "--bounding-set=-sys_admin"};
    private static final List<Object> LEFT = new ArrayList<>();
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
        try {
            assertThat(ChildJvm.run(ChildJvm.command(Runner.class).withArguments("tidy", "name", "namespace", "socket", "pipe", "thread", "tidy")).lines().toList()).satisfiesExactly(
                    line -> assertThat(line).isEqualTo("SUCCESSFUL "),
                    line -> assertThat(line).startsWith("FAILED left behind: ").contains("/run/netns/untidy"),
                    line -> assertThat(line).startsWith("FAILED left behind: ").containsPattern("fd \\d+ -> net:\\["),
                    line -> assertThat(line).startsWith("FAILED left behind: ").containsPattern("fd \\d+ -> socket:\\["),
                    line -> assertThat(line).startsWith("FAILED left behind: ").containsPattern("fd \\d+ -> pipe:\\["),
                    line -> assertThat(line).startsWith("FAILED left behind: ").containsPattern("thread \\d+ \\(\"left behind\"\\) in net:\\["),
                    line -> assertThat(line).as("a thread in the wrong namespace fails every test").startsWith("FAILED"));
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
        void name(PodNetwork network) throws Exception {
            assertThat(network.pods()).hasSize(1);
            NetworkNamespace.create("untidy").close();
        }

        @Test
        void namespace(PodNetwork network) throws Exception {
            LEFT.add(network.pod(0).namespace().duplicate());
        }

        @Test
        void socket(PodNetwork network) throws Exception {
            LEFT.add(network.pod(0).namespace().call(() -> ServerSocketChannel.open()));
        }

        @Test
        void pipe(PodNetwork network) throws Exception {
            LEFT.add(java.nio.channels.Pipe.open());
        }

        @Test
        void thread(PodNetwork network) throws Exception {
            CountDownLatch begun = new CountDownLatch(1);
            NamespaceThreads.of(network.pod(0).namespace(), work -> new Thread(work, "left behind")).newThread(() -> {
                begun.countDown();
                LockSupport.park();
            }).start();
            begun.await();
        }
    }

    /** Runs some of them in a separate process and prints how each ended. */
    static final class Runner {
        private Runner() {}

        public static void main(String[] args) {
            System.setProperty("inpod.test.users", "true");
            for (String method : args) {
                run(method);
            }
            System.exit(0); // event loops and threads may still run
        }

        private static void run(String method) {
            LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                    .selectors(DiscoverySelectors.selectMethod(Users.class.getName() + "#" + method + "(" + PodNetwork.class.getName() + ")"))
                    .configurationParameter("inpod.leaks.seconds", "1")
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
