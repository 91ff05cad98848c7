package io.inpod.examples.nodeagent;

import static io.inpod.netns.testing.Tool.pathOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.enrol.StepListener;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an agent finds when it starts: running pods, of which some have come or gone meanwhile, or were left in the middle of a step. */
@Pods(2)
class RecoveryTest {
    private static final StepListener NOTHING = (work, step) -> {};

    @TempDir
    Path directory;

    private Scene scene() throws IOException {
        return new Scene(directory, unknown -> Map.of(), NOTHING);
    }

    private void describe(String uid, String more) throws IOException {
        Path pods = directory.resolve("pods");
        if (!Files.exists(pods)) {
            Files.createDirectory(pods);
        }
        Files.writeString(pods.resolve(uid + ".json"), "{\"uid\": \"" + uid + "\", \"name\": \"web-0\"" + more + "}");
    }

    private static void enrol(Scene scene, FakeProxy proxy, NetworkNamespace pod) throws Exception {
        Future<Void> added = scene.adding("u1", pod);
        proxy.expectAdd(pod, "u1");
        proxy.ack();
        added.get();
    }

    private static void awaitNone(Scene scene) throws InterruptedException {
        while (!scene.list().isEmpty()) {
            Thread.sleep(1);
        }
    }

    /** Rules that are installed again have other handles. */
    private static String rulesWithHandles(NetworkNamespace pod) throws IOException {
        return Tool.run(pod, "nft", "-a", "list", "ruleset").replaceAll("packets \\d+ bytes \\d+", "");
    }

    @Test
    void aRestartChangesNothingInARunningPod(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String before;
        try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            enrol(scene, proxy, pod);
            before = rulesWithHandles(pod);
            assertThat(before).contains("ISTIO_OUTPUT").containsPattern("# handle [0-9]+");
        }
        try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectAdd(pod, "u1", "web-0", "shop", "web");
            proxy.ack();
            proxy.expectSnapshot();
            scene.awaitState("u1", PodState.Kind.SERVED);
            assertThat(rulesWithHandles(pod)).isEqualTo(before);
        }
    }

    @Test
    void aPodThatIsNotFoundIsKeptAndSearchedForUntilItIsFound(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        describe("u1", "");
        AtomicReference<NetworkNamespace> found = new AtomicReference<>();
        try (Scene scene = new Scene(directory, pods -> {
            Map<String, NetworkNamespace> all = new HashMap<>();
            if (found.get() != null) {
                all.put("u1", found.get().duplicate());
            }
            return all;
        }, NOTHING); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectKeep("u1");
            proxy.ack();
            proxy.expectSnapshot();
            assertThat(scene.awaitState("u1", PodState.Kind.WAITING).reason()).contains("the search continues");
            for (int i = 0; i < 5; i++) {
                scene.next().get();
            }
            Traces.assertClean(pod);
            found.set(pod);
            scene.next().get();
            proxy.expectAdd(pod, "u1");
            Traces.assertRedirected(pod);
            proxy.ack();
            scene.awaitState("u1", PodState.Kind.SERVED);
        }
    }

    @Test
    void anotherNamespaceUnderTheSameNameIsNoticed(PodNetwork network) throws Exception {
        NetworkNamespace first = network.pod(0).namespace();
        NetworkNamespace second = network.pod(1).namespace();
        Path link = Files.createSymbolicLink(directory.resolve("link"), pathOf(first));
        try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            describe("u1", ", \"netns\": \"" + link + "\"");
            proxy.expectAdd(first, "u1");
            proxy.ack();
            scene.awaitState("u1", PodState.Kind.SERVED);

            Files.delete(link);
            Files.createSymbolicLink(link, pathOf(second));
            scene.reconciler.lookAtAll();
            proxy.expectAdd(second, "u1");
            Traces.assertRedirected(second);
            proxy.ack();
            scene.awaitState("u1", PodState.Kind.SERVED);

            Files.delete(link);
            scene.reconciler.lookAtAll();
            proxy.expectDel("u1");
            proxy.ack();
            assertThat(scene.awaitState("u1", PodState.Kind.WAITING).reason()).contains("its network namespace is gone");
            Traces.assertRedirected(second);

            Files.createSymbolicLink(link, pathOf(second));
            scene.reconciler.lookAtAll();
            proxy.expectAdd(second, "u1");
            proxy.ack();
            scene.awaitState("u1", PodState.Kind.SERVED);
        }
    }

    @Test
    void aProcessIdThatIsUsedAgainIsNoticed(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ChildProcess other = ChildProcess.start(Tool.inside(network.pod(1).namespace(), "sh", "-c", "echo up; exec cat"));
                Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            other.expect("up");
            proxy.expectSnapshot();
            describe("u1", ", \"pid\": " + other.handle().pid() + ", \"identity\": \"" + pod.identity() + "\"");
            scene.awaitReason("u1", "the process id was used again");
            Traces.assertClean(network.pod(1).namespace());
        }
    }

    @Test
    void aPodThatLeftWhileNoAgentRanIsReleased() throws Exception {
        try (NetworkNamespace pod = named("left")) {
            try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectSnapshot();
                enrol(scene, proxy, pod);
            }
            Files.delete(directory.resolve("pods/u1.json"));
            try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectSnapshot();
                awaitNone(scene);
                Traces.assertClean(pod);
            }
            assertThat(directory.resolve("enrolled")).isEmptyDirectory();
        } finally {
            NetworkNamespace.delete("left");
        }
    }

    /** The namespace of a pod that left is gone, and the kernel has given its number to that of another pod, which isn't found at once. */
    @Test
    void aPodThatLeftTakesNoRulesFromTheOneWhoseNamespaceHasItsNumber() throws Exception {
        try (NetworkNamespace pod = named("again")) {
            try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectSnapshot();
                enrol(scene, proxy, pod);
            }
            Path left = directory.resolve("enrolled").resolve(UUID.nameUUIDFromBytes("u0".getBytes(StandardCharsets.UTF_8)).toString());
            Files.write(left, List.of("u0", pod.identity().toString(), "old", "shop", "web"));
            describe("u1", ""); // no longer says where its namespace is
            try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectKeep("u1");
                proxy.ack();
                proxy.expectSnapshot();
                assertThat(scene.awaitState("u1", PodState.Kind.WAITING).reason()).contains("isn't found");
                assertThat(scene.reconciler.knows("u0")).isFalse();
                Traces.assertRedirected(pod);
            }
            assertThat(left).doesNotExist();
        } finally {
            NetworkNamespace.delete("again");
        }
    }

    private static NetworkNamespace named(String name) throws IOException {
        NetworkNamespace created = NetworkNamespace.create(name);
        try (Rtnetlink inside = Rtnetlink.open(created)) {
            inside.links().up("lo");
        }
        return created;
    }

    /** An agent that stops when it comes to a step, as one that is killed there. */
    private static final class Killed implements StepListener {
        private final String at;
        private final CountDownLatch reached = new CountDownLatch(1);

        Killed(String at) {
            this.at = at;
        }

        @Override
        public void begins(String work, String step) {
            if ((work + ": " + step).equals(at)) {
                reached.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("the test is over", e);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"find its network namespace", "check that it is a pod's", "plan its redirection", "install routing and rules",
        "check routing and rules", "have it served by proxies that connect later", "find a proxy", "hand it to the proxy",
        "enter its addresses for the node's probes"})
    void anAgentKilledWhileItEnrols(String step, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Killed killed = new Killed("add pod u1: " + step);
        Scene first = new Scene(directory, unknown -> Map.of(), killed);
        try {
            try (first; FakeProxy proxy = new FakeProxy(first.server, first.socket)) {
                proxy.expectSnapshot();
                describe("u1", ", \"netns\": \"" + pathOf(pod) + "\"");
                if (step.startsWith("enter")) {
                    proxy.expectAdd(pod, "u1");
                    proxy.ack();
                }
                killed.reached.await();
            }
            try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectAdd(pod, "u1");
                Traces.assertRedirected(pod);
                proxy.ack();
                proxy.expectSnapshot();
                scene.awaitState("u1", PodState.Kind.SERVED);
            }
        } finally {
            first.threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"remove its addresses from those for the node's probes", "have the proxy stop serving it",
        "remove routing and rules"})
    void anAgentKilledWhileItRemoves(String step) throws Exception {
        Killed killed = new Killed("delete pod u1: " + step);
        Scene first = new Scene(directory, unknown -> Map.of(), killed);
        try (NetworkNamespace pod = named("killed")) {
            try (first; FakeProxy proxy = new FakeProxy(first.server, first.socket)) {
                proxy.expectSnapshot();
                enrol(first, proxy, pod);
                Files.delete(directory.resolve("pods/u1.json"));
                if (step.startsWith("remove routing")) {
                    proxy.expectDel("u1");
                    proxy.ack();
                }
                killed.reached.await();
            }
            try (Scene scene = scene(); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectSnapshot();
                awaitNone(scene);
                Traces.assertClean(pod);
            }
        } finally {
            first.threads.shutdownNow();
            NetworkNamespace.delete("killed");
        }
    }
}
