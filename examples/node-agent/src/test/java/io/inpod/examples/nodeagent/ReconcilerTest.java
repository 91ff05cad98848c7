package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.enrol.FailedEnrolment;
import io.inpod.examples.nodeagent.enrol.Ledger;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.enrol.Redirections;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods of a source as an API server is one, and pods that a runtime makes. */
@Pods(2)
class ReconcilerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final PodOverrides SLOW = PodOverrides.ofAnnotations(Map.of(PodOverrides.DNS_CAPTURE, "true"));

    @TempDir
    Path directory;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final BlockingQueue<Runnable> later = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> probed = new LinkedBlockingQueue<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch slow = new CountDownLatch(1);
    private final MemoryPods source = new MemoryPods();
    private Path socket;
    private ZdsServer server;
    private Reconciler reconciler;

    /** Says what it is told. */
    private final class Probes implements ProbeAddresses {
        @Override
        public void put(String uid, Set<InetAddress> addresses) throws IOException {
            if (addresses.isEmpty()) {
                throw new IOException("nothing was to be entered");
            }
            probed.add("put " + uid + " " + addresses.iterator().next().getHostAddress());
        }

        @Override
        public void remove(String uid) {
            probed.add("remove " + uid);
        }

        @Override
        public void keepExactly(Map<String, Set<InetAddress>> addresses) {
            probed.add("keep " + addresses.keySet());
        }
    }

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("ztunnel.sock");
        server = ZdsServer.listen(socket, threads, PATIENCE);
        PodRedirection redirection = new PodRedirection(Profile.REDIRECT, false, true);
        reconciler = new Reconciler(source, unknown -> Map.of(), new Probes(), server, new Redirections(overrides -> {
            if (overrides.equals(SLOW)) {
                begun.countDown();
                try {
                    slow.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return redirection.change(overrides);
        }, redirection.closing()), new Ledger(directory.resolve("enrolled")), FailedEnrolment.CLOSED, (pause, task) -> later.add(task), threads,
                (work, step) -> {});
        reconciler.whenReady(() -> threads.execute(server::run));
        reconciler.start();
    }

    @AfterEach
    void stop() {
        slow.countDown();
        server.close();
        reconciler.close();
        threads.shutdown();
    }

    private static MeshPod pod(String uid, Path netns, PodOverrides overrides, String... addresses) throws IOException {
        return new MeshPod(uid, Scene.WEB, overrides, addresses.length == 0 ? Set.of() : Set.of(InetAddress.getByName(addresses[0])), netns,
                null);
    }

    private PodState await(String uid, PodState.Kind kind) throws InterruptedException {
        for (;;) {
            for (PodStatus pod : reconciler.list()) {
                if (pod.uid().equals(uid) && pod.state().kind() == kind) {
                    return pod.state();
                }
            }
            Thread.sleep(1);
        }
    }

    private Future<Void> enrolling(MeshPod pod, NetworkNamespace netns) {
        return threads.submit(() -> {
            reconciler.enrol(pod, netns, PATIENCE);
            return null;
        });
    }

    /** As with the name of another node: the API server answers, but has no pods. */
    @Test
    void aRunningPodStaysInTheMeshUntilTheSourceKnowsThatItHasLeft() throws Exception {
        try (NetworkNamespace pod = NetworkNamespace.create("unlisted")) {
            Tool.run(pod, "ip", "link", "set", "lo", "up");
            new PodRedirection(Profile.REDIRECT, false, true).change().install(pod);
            Path entry = Files.createDirectory(directory.resolve("enrolled"))
                    .resolve(UUID.nameUUIDFromBytes("u1".getBytes(StandardCharsets.UTF_8)).toString());
            Files.write(entry, List.of("u1", pod.identity().toString(), "web-0", "shop", "web"));
            source.unsure = true;
            source.sync();
            try (FakeProxy proxy = new FakeProxy(server, socket)) {
                proxy.expectKeep("u1");
                proxy.ack();
                proxy.expectSnapshot();
                assertThat(await("u1", PodState.Kind.WAITING).reason()).contains("nobody knows it");
                Traces.assertRedirected(pod);
                source.unsure = false;
                reconciler.lookAtAll();
                proxy.expectDel("u1");
                proxy.ack();
                while (Files.exists(entry)) {
                    Thread.sleep(1);
                }
                Traces.assertClean(pod);
            }
        } finally {
            NetworkNamespace.delete("unlisted");
        }
    }

    private Process running(NetworkNamespace pod) throws IOException {
        Process app = new ProcessBuilder(Tool.inside(pod, "sh", "-c", "echo up; exec cat")).redirectErrorStream(true).start();
        assertThat(app.getInputStream().readNBytes(3)).asString(StandardCharsets.UTF_8).isEqualTo("up\n");
        return app;
    }

    private void enrolListed(NetworkNamespace pod, FakeProxy proxy) throws Exception {
        Future<Void> enrolled = enrolling(pod("u1", null, PodOverrides.NONE, "10.0.0.1"), pod);
        proxy.expectAdd(pod, "u1");
        proxy.ack();
        enrolled.get();
        source.put(pod("u1", null, PodOverrides.NONE, "10.0.0.1"));
        await("u1", PodState.Kind.SERVED);
    }

    private void awaitReason(String uid, @Nullable String part) throws InterruptedException {
        while (part == null ? await(uid, PodState.Kind.SERVED).reason() != null
                : !String.valueOf(await(uid, PodState.Kind.SERVED).reason()).contains(part)) {
            Thread.sleep(1);
        }
    }

    private void awaitNone() throws InterruptedException {
        while (!reconciler.list().isEmpty()) {
            Thread.sleep(1);
        }
    }

    /** As after a list of another cluster, or of a backup that is older than the pods. */
    @Test
    void aPodThatIsNoLongerListedStaysServedAsLongAsItRuns(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Process app = running(pod);
        source.unsure = true;
        source.sync();
        try {
            FakeProxy first = new FakeProxy(server, socket);
            first.expectSnapshot();
            enrolListed(pod, first);
            source.remove("u1");
            awaitReason("u1", "nobody knows it");
            Traces.assertRedirected(pod);
            first.leave();
            try (FakeProxy second = new FakeProxy(server, socket)) {
                second.expectAdd(pod, "u1");
                second.ack();
                second.expectSnapshot();
                source.put(pod("u1", null, PodOverrides.NONE, "10.0.0.1"));
                awaitReason("u1", null);
                source.remove("u1");
                awaitReason("u1", "nobody knows it");
                assertThat(source.reports).doesNotContain("u1 gone");

                app.destroy();
                app.waitFor();
                later.forEach(Runnable::run);
                second.expectDel("u1");
                second.ack();
                awaitNone();
                Traces.assertClean(pod);
            }
        } finally {
            app.destroy();
        }
        assertThat(descriptors(pod)).as("descriptors that keep the namespace").isEqualTo(1);
    }

    private static long descriptors(NetworkNamespace netns) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(fd -> {
                try {
                    return Files.readSymbolicLink(fd).toString().equals(netns.identity().toString());
                } catch (IOException e) {
                    return false;
                }
            }).count();
        }
    }

    /** Of the one the source says so, the other was removed by a person. */
    @Test
    void aRunningPodThatIsNotListedLeavesWhenThatIsKnown(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Process app = running(pod);
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            for (boolean person : new boolean[] {false, true}) {
                source.unsure = true;
                enrolListed(pod, proxy);
                source.remove("u1");
                awaitReason("u1", "nobody knows it");
                assertThat(reconciler.commands().isUnlisted("u1")).isTrue();
                Future<?> dismissed = null;
                if (person) {
                    dismissed = threads.submit(() -> {
                        reconciler.commands().dismiss("u1", PATIENCE);
                        return null;
                    });
                } else {
                    source.unsure = false;
                    reconciler.lookAtAll();
                }
                proxy.expectDel("u1");
                Traces.assertRedirected(pod);
                proxy.ack();
                if (dismissed != null) {
                    dismissed.get();
                }
                awaitNone();
                Traces.assertClean(pod);
            }
        } finally {
            app.destroy();
        }
    }

    /** The list may lack a pod between the moment in which the runtime makes its namespace and the start of its first process. */
    @Test
    void aPodThatStartsIsEnrolledAlthoughAListLacksIt() throws Exception {
        try (NetworkNamespace pod = NetworkNamespace.create("starting")) {
            Tool.run(pod, "ip", "link", "set", "lo", "up");
            source.unsure = true;
            source.sync();
            try (FakeProxy proxy = new FakeProxy(server, socket)) {
                proxy.expectSnapshot();
                source.put(pod("u1", null, SLOW));
                Future<Void> enrolled = enrolling(pod("u1", null, SLOW, "10.0.0.1"), pod);
                begun.await();
                source.remove("u1");
                slow.countDown();
                proxy.expectAdd(pod, "u1");
                proxy.ack();
                enrolled.get();
                awaitReason("u1", "nobody knows it");
                Traces.assertRedirected(pod);
            }
        } finally {
            NetworkNamespace.delete("starting");
        }
    }

    /** Nothing is asked, and nothing waited for: what an ordinary deletion leaves. */
    @Test
    void aPodThatEndedLeavesAtOnce(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            enrolListed(pod, proxy);
            source.unsure = true;
            source.remove("u1");
            proxy.expectDel("u1");
            proxy.ack();
            awaitNone();
            Traces.assertClean(pod);
            assertThat(later).isEmpty();
        }
    }

    @Test
    void noProxyIsAcceptedBeforeTheSourceIsComplete(PodNetwork network) throws Exception {
        source.put(pod("u1", Tool.pathOf(network.pod(0).namespace()), PodOverrides.NONE));
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            await("u1", PodState.Kind.CLOSED);
            Traces.assertRedirected(network.pod(0).namespace());
            assertThat(server.proxies()).isZero();
            source.sync();
            proxy.expectAdd(network.pod(0).namespace(), "u1");
            proxy.ack();
            proxy.expectSnapshot();
            await("u1", PodState.Kind.SERVED);
        }
    }

    @Test
    void aSlowPodHoldsUpNoOther(PodNetwork network) throws Exception {
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            source.put(pod("slow", Tool.pathOf(network.pod(0).namespace()), SLOW));
            source.put(pod("u1", Tool.pathOf(network.pod(1).namespace()), PodOverrides.NONE));
            proxy.expectAdd(network.pod(1).namespace(), "u1");
            proxy.ack();
            await("u1", PodState.Kind.SERVED);
            slow.countDown();
            proxy.expectAdd(network.pod(0).namespace(), "slow");
            proxy.ack();
            await("slow", PodState.Kind.SERVED);
        }
    }

    @Test
    void aRuntimesPodIsServedBeforeItStartsAndLetGoWhenItEnds(PodNetwork network) throws Exception {
        NetworkNamespace first = network.pod(0).namespace();
        NetworkNamespace second = network.pod(1).namespace();
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            assertThat(probed.take()).isEqualTo("keep []");
            Future<Void> enrolled = enrolling(pod("u1", null, PodOverrides.NONE, "10.0.0.1"), first);
            proxy.expectAdd(first, "u1");
            assertThat(enrolled).isNotDone();
            assertThat(probed).isEmpty();
            proxy.ack();
            enrolled.get();
            assertThat(probed.take()).isEqualTo("put u1 10.0.0.1");
            assertThat(source.reports.take()).isEqualTo("u1 served");
            source.put(pod("u1", null, PodOverrides.NONE)); // the API server tells of it, without addresses yet

            Future<Void> gone = threads.submit(() -> {
                reconciler.sandboxGone("u1", first);
                return null;
            });
            proxy.expectDel("u1");
            proxy.ack();
            gone.get();
            assertThat(probed.take()).isEqualTo("remove u1");
            await("u1", PodState.Kind.WAITING);
            Traces.assertRedirected(first);
            reconciler.sandboxGone("u1", first);

            enrolled = enrolling(pod("u1", null, PodOverrides.NONE, "10.0.0.2"), second);
            proxy.expectAdd(second, "u1");
            proxy.ack();
            enrolled.get();
            assertThat(probed.take()).isEqualTo("put u1 10.0.0.2");

            source.remove("u1");
            assertThat(probed.take()).isEqualTo("remove u1");
            proxy.expectDel("u1");
            Traces.assertRedirected(second);
            proxy.ack();
            while (!reconciler.list().isEmpty()) {
                Thread.sleep(1);
            }
            Traces.assertClean(second);
            assertThat(source.reports.stream().toList()).endsWith("u1 gone");
        }
    }

    @Test
    void anEnrolmentThatFailsSaysSoAndThePodStaysClosed(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            Future<Void> enrolled = enrolling(pod("u1", null, PodOverrides.NONE), pod);
            proxy.expectAdd(pod, "u1");
            proxy.nack();
            assertThat(Scene.failureOf(enrolled)).hasMessageContaining("hand it to the proxy").hasMessageContaining("boom");
            Traces.assertRedirected(pod);
            assertThat(await("u1", PodState.Kind.CLOSED).reason()).contains("boom");
        }
        try (NetworkNamespace node = NetworkNamespace.initial()) {
            assertThatThrownBy(() -> reconciler.enrol(pod("u2", null, PodOverrides.NONE), node, PATIENCE)).hasMessageContaining("cut off the node");
        }
    }

    @Test
    void aPodWithAFaultIsClosedUntilItIsMended(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Path path = Tool.pathOf(pod);
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            source.put(new MeshPod("u1", Scene.WEB, PodOverrides.NONE, Set.of(), path, "its annotation is nonsense"));
            assertThat(await("u1", PodState.Kind.CLOSED).reason()).contains("its annotation is nonsense");
            assertThat(Tool.run(pod, "iptables-save")).contains("15001");
            proxy.expectDel("u1");
            proxy.ack();
            source.put(pod("u1", path, PodOverrides.NONE));
            proxy.expectAdd(pod, "u1");
            proxy.ack();
            await("u1", PodState.Kind.SERVED);
            Traces.assertRedirected(pod);
        }
    }

    @Test
    void aNamespaceBelongsToOnePod(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        source.sync();
        try (FakeProxy proxy = new FakeProxy(server, socket)) {
            proxy.expectSnapshot();
            source.put(pod("u1", Tool.pathOf(pod), PodOverrides.NONE));
            proxy.expectAdd(pod, "u1");
            proxy.ack();
            await("u1", PodState.Kind.SERVED);
            source.put(pod("u2", Tool.pathOf(pod), PodOverrides.NONE));
            while (!String.valueOf(await("u2", PodState.Kind.WAITING).reason()).contains("is already that of pod u1")) {
                Thread.sleep(1);
            }
            source.remove("u1");
            proxy.expectDel("u1");
            proxy.ack();
            proxy.expectAdd(pod, "u2");
            proxy.ack();
            await("u2", PodState.Kind.SERVED);
            assertThat(reconciler.list()).extracting(PodStatus::uid).isEqualTo(List.of("u2"));
        }
    }
}
