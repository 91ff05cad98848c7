package io.inpod.examples.nodeagent.kubernetes;

import static io.inpod.examples.nodeagent.kubernetes.Objects.namespace;
import static io.inpod.examples.nodeagent.kubernetes.Objects.pod;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.NoProbeAddresses;
import io.inpod.examples.nodeagent.enrol.FailedEnrolment;
import io.inpod.examples.nodeagent.enrol.Ledger;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.enrol.Redirections;
import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists that suddenly lack pods that run: of a wrong cluster behind the same address, or of a backup that is older than the pods. */
class RelistTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir
    Path folder;
    private FakeApi api;

    @BeforeEach
    void serve() throws IOException {
        api = new FakeApi();
        api.put(namespace("mesh", "ambient"));
        api.put(pod("mesh", "a", ""));
    }

    @AfterEach
    void close() throws IOException {
        api.close();
    }

    /** Another cluster takes over the address: each watch ends, and begins with a list. */
    private void relist(ObjectNode... objects) throws IOException {
        api.stop();
        api.delete("/api/v1/namespaces/mesh/pods/a");
        for (ObjectNode object : objects) {
            api.put(object);
        }
        api.compact();
        api.restart();
    }

    private static ObjectNode withUid(ObjectNode pod, String uid) {
        ((ObjectNode) pod.path("metadata")).put("uid", uid);
        return pod;
    }

    /** Asks until the watches are open again. */
    private static Membership ask(Watching watching, MeshPod pod) throws InterruptedException {
        Membership[] answer = new Membership[1];
        watching.until(() -> {
            try {
                answer[0] = watching.source.ask(pod, PATIENCE);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return !(answer[0] instanceof Membership.Unknown unknown && unknown.reason().contains("at the moment"));
        }, "an answer");
        return answer[0];
    }

    @Test
    void aPodThatAListLacksIsNotOutside() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            MeshPod a = watching.source.pod("uid-a").orElseThrow();
            relist();
            watching.untilPods();
            assertThat(ask(watching, a)).asString().contains("Unknown", "has no pod mesh/a");

            api.put(withUid(pod("mesh", "a", "none"), "uid-other"));
            assertThat(ask(watching, a)).as("another pod of that name").asString().contains("Unknown", "has the uid uid-other");
            api.put(pod("mesh", "a", "none"));
            assertThat(ask(watching, a)).isInstanceOf(Membership.Outside.class);
        }
    }

    /** The pods' watch goes on, and only the namespaces are another cluster's. */
    @Test
    void theLabelsOfANamespaceOfThatNameCountOnlyTogetherWithThePod() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            MeshPod a = watching.source.pod("uid-a").orElseThrow();
            api.fault("/pods/a", (request, socket) -> FakeApi.send(socket.getOutputStream(), 404, "", FakeApi.status(404, "not found")));
            api.put(namespace("mesh", ""));
            watching.untilPods();
            assertThat(ask(watching, a)).asString().contains("Unknown", "has no pod mesh/a");
            assertThat(watching.source.ask(a, PATIENCE)).isInstanceOf(Membership.Outside.class);
        }
    }

    @Test
    void aPodThatAListLacksKeepsItsRules() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        BlockingQueue<Runnable> later = new LinkedBlockingQueue<>();
        PodRedirection redirection = new PodRedirection(Profile.REDIRECT, false, true);
        try (NetworkNamespace netns = NetworkNamespace.create("relisted");
                ZdsServer proxies = ZdsServer.listen(folder.resolve("ztunnel.sock"), threads, PATIENCE);
                KubernetesPods source = new KubernetesPods(ApiAccess.kubeconfig(Watching.kubeconfig(folder, api)), Objects.NODE,
                        new Selection(Set.of()), Watching.TIMES, Watching.WRITING);
                Reconciler reconciler = new Reconciler(source, pods -> Map.of("uid-a", netns.duplicate()), NoProbeAddresses.INSTANCE, proxies,
                        new Redirections(redirection::change, redirection.closing()), new Ledger(folder.resolve("enrolled")),
                        FailedEnrolment.CLOSED, (pause, task) -> later.add(task), threads, (work, step) -> {})) {
            Tool.run(netns, "ip", "link", "set", "lo", "up");
            reconciler.start();
            awaitReason(reconciler, "no proxy is connected");
            assertThat(Tool.run(netns, "iptables-save")).contains("15001");

            relist();
            awaitReason(reconciler, "that it has left the mesh isn't known");
            assertThat(Tool.run(netns, "iptables-save")).contains("15001");
            api.put(pod("mesh", "a", ""));
            while (reason(reconciler).contains("isn't known")) {
                runNext(later);
            }
            api.put(namespace("mesh", ""));
            while (!reconciler.list().isEmpty()) {
                runNext(later);
            }
            assertThat(Tool.run(netns, "iptables-save")).doesNotContain("15001");
        } finally {
            NetworkNamespace.delete("relisted");
            threads.shutdown();
        }
    }

    private static void runNext(BlockingQueue<Runnable> later) throws InterruptedException {
        Runnable next = later.poll(1, TimeUnit.MILLISECONDS);
        if (next != null) {
            next.run();
        }
    }

    private static String reason(Reconciler reconciler) {
        for (PodStatus pod : reconciler.list()) {
            return String.valueOf(pod.state().reason());
        }
        return "";
    }

    private static void awaitReason(Reconciler reconciler, String part) throws InterruptedException {
        while (!reason(reconciler).contains(part)) {
            Thread.sleep(1);
        }
    }
}
