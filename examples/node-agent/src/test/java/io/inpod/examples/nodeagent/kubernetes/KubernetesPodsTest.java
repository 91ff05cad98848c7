package io.inpod.examples.nodeagent.kubernetes;

import static io.inpod.examples.nodeagent.kubernetes.Objects.annotated;
import static io.inpod.examples.nodeagent.kubernetes.Objects.json;
import static io.inpod.examples.nodeagent.kubernetes.Objects.namespace;
import static io.inpod.examples.nodeagent.kubernetes.Objects.pod;
import static io.inpod.examples.nodeagent.kubernetes.Objects.with;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.iptables.pod.PodOverrides;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which pods are in the mesh, what is written onto them, and that no fault of the API server makes the source forget or stop. */
class KubernetesPodsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final ListWatch.Times BRIEF = new ListWatch.Times(Duration.ofMillis(100), Duration.ofMillis(50), Duration.ofSeconds(5),
            Duration.ofMillis(10), Duration.ofMillis(100));
    private static final String PODS = "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dnode1";

    @TempDir
    Path folder;
    private FakeApi api;

    @BeforeEach
    void serve() throws IOException {
        api = new FakeApi();
        api.put(namespace("mesh", "ambient"));
        api.put(namespace("plain", ""));
        api.put(pod("mesh", "a", ""));
    }

    @AfterEach
    void close() throws IOException {
        api.close();
    }

    @Test
    void selectsPodsAsIstioDoes() throws Exception {
        api.put(pod("mesh", "none", "none"));
        api.put(pod("mesh", "unknown-value", "something"));
        api.put(pod("plain", "labelled", "ambient"));
        api.put(pod("plain", "unlabelled", ""));
        api.put(pod("kube-system", "excluded", "ambient"));
        api.put(pod("nowhere", "namespace-unknown", ""));
        api.put(with(pod("mesh", "host", "ambient"), "spec", "hostNetwork", json("true")));
        api.put(annotated(pod("mesh", "sidecar", "ambient"), "sidecar.istio.io/status", "{}"));
        api.put(with(pod("mesh", "job", ""), "status", "phase", json("\"Succeeded\"")));
        api.put(with(pod("mesh", "crashed", ""), "status", "phase", json("\"Failed\"")));
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();

            assertThat(watching.uids()).containsExactlyInAnyOrder("uid-a", "uid-unknown-value", "uid-labelled");
            api.put(namespace("nowhere", "ambient"));
            api.put(with(pod("mesh", "a", ""), "status", "phase", json("\"Succeeded\"")));
            watching.untilPods("uid-unknown-value", "uid-labelled", "uid-namespace-unknown");
        }
    }

    @Test
    void readsWhatAPodOverrides() throws Exception {
        api.put(annotated(annotated(pod("mesh", "a", ""), PodOverrides.DNS_CAPTURE, "true"), PodOverrides.REROUTE_VIRTUAL_INTERFACES, "vm0"));
        api.put(annotated(pod("mesh", "b", ""), PodOverrides.DNS_CAPTURE, "perhaps\nnot"));
        ObjectNode mirror = annotated(annotated(pod("mesh", "c", ""), "kubernetes.io/config.mirror", "x"), "kubernetes.io/config.hash", "hash");
        api.put(with(mirror, "status", "podIPs", json("[{\"ip\":\"10.0.0.1\"},{\"ip\":\"fd00::1\"},{\"ip\":\"localhost\"}]")));
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();

            MeshPod a = watching.source.pod("uid-a").orElseThrow();
            assertThat(a.overrides().dnsCapture()).contains(true);
            assertThat(a.overrides().virtualInterfaces()).containsExactly("vm0");
            assertThat(a.info().serviceAccount()).isEqualTo("sa-a");
            MeshPod b = watching.source.pod("uid-b").orElseThrow();
            assertThat(b.overrides()).isEqualTo(PodOverrides.NONE);
            assertThat(b.fault()).contains(PodOverrides.DNS_CAPTURE);
            assertThat(watching.source.pod("hash").orElseThrow().addresses()).as("of a static pod, which the runtime knows by another uid")
                    .containsExactlyInAnyOrder(InetAddress.getByName("10.0.0.1"), InetAddress.getByName("fd00::1"));
        }
    }

    @Test
    void aNamespacesLabelsCountForItsPods() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            api.put(namespace("mesh", "none"));
            watching.untilPods();
            api.put(namespace("mesh", "ambient"));
            watching.untilPods("uid-a");
            assertThat(watching.wasTold("uid-a")).isTrue();

            api.delete("/api/v1/namespaces/mesh");
            api.put(pod("plain", "b", "ambient"));
            watching.untilPods("uid-a", "uid-b"); // a is a member until it is gone itself
            api.delete("/api/v1/namespaces/mesh/pods/a");
            watching.untilPods("uid-b");
        }
    }

    @Test
    void watchesOnWhenAConnectionBreaksInAnEvent() throws Exception {
        api.fault("pods?fieldSelector=spec.nodeName%3Dnode1&watch", (request, socket) -> {
            FakeApi.begin(socket.getOutputStream());
            FakeApi.chunk(socket.getOutputStream(), "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metada");
            socket.close();
        });
        api.fault("pods?fieldSelector=spec.nodeName%3Dnode1&watch", (request, socket) -> {
            FakeApi.send(socket.getOutputStream(), 200, "", "<html>Please log in</html>");
        });
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            api.put(pod("mesh", "b", ""));
            watching.untilPods("uid-a", "uid-b");
            assertThat(api.requests()).filteredOn(PODS::equals).as("lists").hasSize(1);
        }
    }

    @Test
    void listsAgainWhenTheVersionIsGone() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            api.stop();
            api.delete("/api/v1/namespaces/mesh/pods/a");
            api.put(pod("mesh", "b", ""));
            api.compact();
            api.restart();
            watching.untilPods("uid-b");

            api.fault("pods?fieldSelector=spec.nodeName%3Dnode1&watch", (request, socket) -> FakeApi.send(socket.getOutputStream(), 410, "",
                    FakeApi.status(410, "too old")));
            api.breakOff();
            api.put(pod("mesh", "c", ""));
            watching.untilPods("uid-b", "uid-c");
        }
    }

    @Test
    void survivesEveryAnswerThatIsNoSuccess() throws Exception {
        for (int status : new int[] {500, 403, 401, 401, 503, 429}) {
            api.fault(PODS, (request, socket) -> FakeApi.send(socket.getOutputStream(), status, "Retry-After: 0\r\n", FakeApi.status(status, "no")));
        }
        api.fault(PODS, (request, socket) -> FakeApi.send(socket.getOutputStream(), 200, "", api.list("/api/v1/pods").substring(0, 300)));
        api.fault(PODS, (request, socket) -> FakeApi.send(socket.getOutputStream(), 200, "", "{\"kind\":\"PodList\",\"items\":[]}"));
        api.fault(PODS, (request, socket) -> socket.close());
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            assertThat(watching.uids()).containsExactly("uid-a");
        }
    }

    @Test
    void waitsAsLongAsTheServerWants() {
        Pauses pauses = new Pauses(Duration.ofMillis(10), Duration.ofMillis(40));

        assertThat(pauses.next(new ApiException(429, "", Duration.ofSeconds(7)))).isEqualTo(Duration.ofSeconds(7));
        assertThat(pauses.next(new IOException())).isBetween(Duration.ofMillis(10), Duration.ofMillis(20));
        assertThat(pauses.next(new IOException())).isBetween(Duration.ofMillis(20), Duration.ofMillis(40));
        assertThat(pauses.next(new IOException())).isBetween(Duration.ofMillis(20), Duration.ofMillis(40));
    }

    @Test
    void keepsWhatItKnewWhileTheServerIsAway() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            api.stop();

            assertThat(watching.source.synced()).isTrue();
            assertThat(watching.uids()).containsExactly("uid-a");
            assertThat(watching.source.membership("mesh", "a", "uid-a", SHORT)).isInstanceOf(Membership.Member.class);
            assertThat(watching.source.membership("mesh", "b", "uid-b", SHORT)).isInstanceOf(Membership.Unknown.class);
            assertThat(watching.source.membership("mesh", "a", "other", SHORT)).isInstanceOf(Membership.Unknown.class);
            assertThat(watching.source.membership("kube-system", "x", "x", SHORT)).isInstanceOf(Membership.Outside.class);

            api.put(pod("mesh", "b", ""));
            api.restart();
            watching.untilPods("uid-a", "uid-b");
        }
    }

    /** A watch of which nothing is heard, not even its end, may be at a server that is ending, or behind a cut cable. */
    @Test
    void watchesAgainWhenNothingIsHeard() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        for (int i = 0; i < 2; i++) {
            api.fault("pods?fieldSelector=spec.nodeName%3Dnode1&watch", (request, socket) -> {
                FakeApi.begin(socket.getOutputStream());
                over.await();
            });
        }
        try (Watching watching = new Watching(folder, api, BRIEF)) {
            watching.untilSynced();
            api.put(pod("mesh", "b", ""));
            watching.untilPods("uid-a", "uid-b");
        } finally {
            over.countDown();
        }
    }

    /** The server answers such a watch with silence, and ends it as if nothing had happened. */
    @Test
    void noticesThatItWatchesFromAVersionOfTheFuture() throws Exception {
        var times = new ListWatch.Times(Duration.ofMillis(10), Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMillis(10), Duration.ofMillis(100));
        for (int i = 0; i < 10; i++) {
            api.fault("pods?fieldSelector=spec.nodeName%3Dnode1&watch", (request, socket) -> {
                FakeApi.begin(socket.getOutputStream());
                Thread.sleep(20); // as long as it was asked for
                FakeApi.chunk(socket.getOutputStream(), "");
            });
        }
        try (Watching watching = new Watching(folder, api, times)) {
            watching.untilSynced();
            api.delete("/api/v1/namespaces/mesh/pods/a");
            api.setBack(50);
            api.put(pod("mesh", "b", ""));
            watching.untilPods("uid-b");
            assertThat(api.requests()).filteredOn(PODS::equals).as("lists").hasSize(2);
        }
    }

    @Test
    void believesAClusterThatWasSetBack() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            api.put(pod("mesh", "lost", ""));
            watching.untilPods("uid-a", "uid-lost");
            api.stop();
            api.delete("/api/v1/namespaces/mesh/pods/lost");
            api.setBack(50);
            api.put(pod("mesh", "a", "none"));
            api.fault("pods?fieldSelector=spec.nodeName%3Dnode1&watch", (request, socket) -> FakeApi.send(socket.getOutputStream(), 410, "", "{}"));
            api.restart();
            watching.untilPods();
        }
    }

    @Test
    void goesOnFromABookmark() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            api.bookmark("Pod"); // has version 104
            api.put(pod("plain", "b", "ambient"));
            watching.untilPods("uid-a", "uid-b");
            api.breakOff();
            watching.until(() -> api.requests().stream().anyMatch(one -> one.contains("pods?") && one.contains("resourceVersion=105")), "watch from 105");
        }
    }

    @Test
    void asksAboutAPodThatItHasNotHeardOf() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        api.fault(PODS, (request, socket) -> over.await()); // the list is slow
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            assertThat(watching.source.membership("mesh", "a", "uid-a", PATIENCE)).isInstanceOf(Membership.Member.class);
            assertThat(watching.source.pod("uid-a")).as("known before the list").isPresent();
            assertThat(watching.source.synced()).isFalse();
            assertThat(watching.source.membership("mesh", "a", "", PATIENCE)).isInstanceOf(Membership.Member.class);
            assertThat(watching.source.membership("mesh", "a", "uid-old", PATIENCE)).isInstanceOf(Membership.Unknown.class);
            assertThat(watching.source.membership("mesh", "nobody", "uid", PATIENCE)).isInstanceOf(Membership.Unknown.class);
            api.put(pod("plain", "b", ""));
            assertThat(watching.source.membership("plain", "b", "uid-b", PATIENCE)).isInstanceOf(Membership.Outside.class);
            api.put(with(pod("mesh", "far", ""), "spec", "nodeName", json("\"node2\"")));
            assertThat(watching.source.membership("mesh", "far", "uid-far", PATIENCE)).isInstanceOf(Membership.Unknown.class);

            for (int status : new int[] {403, 429, 500}) {
                api.fault("/pods/c", (request, socket) -> FakeApi.send(socket.getOutputStream(), status, "", FakeApi.status(status, "no")));
            }
            api.put(pod("mesh", "c", ""));
            assertThat(watching.source.membership("mesh", "c", "uid-c", PATIENCE)).as("after failures").isInstanceOf(Membership.Member.class);

            api.fault("/pods/d", (request, socket) -> over.await());
            assertThat(watching.source.membership("mesh", "d", "uid-d", SHORT)).as("of a server that hangs").isInstanceOf(Membership.Unknown.class);
        } finally {
            over.countDown();
        }
    }

    /** What the cache says could be from before a label was set. */
    @Test
    void asksAgainBeforeItSaysThatAPodIsOutside() throws Exception {
        api.put(pod("plain", "b", ""));
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            for (int i = 0; i < 20; i++) {
                api.fault("namespaces?watch", (request, socket) -> socket.close());
            }
            api.breakOff();
            api.put(namespace("plain", "ambient"));
            assertThat(watching.source.membership("plain", "b", "uid-b", PATIENCE)).isInstanceOf(Membership.Member.class);
        }
    }

    @Test
    void writesOntoThePodsWhatHasBecomeOfThem() throws Exception {
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            MeshPod a = watching.source.pod("uid-a").orElseThrow();
            for (int status : new int[] {500, 403, 409}) {
                api.fault("PATCH", (request, socket) -> FakeApi.send(socket.getOutputStream(), status, "", FakeApi.status(status, "no")));
            }

            watching.source.report(a, Optional.of(PodState.SERVED));
            watching.until(() -> "enabled".equals(annotation("a")), "enabled");
            assertThat(api.events()).isEmpty();

            watching.source.report(a, Optional.of(new PodState(PodState.Kind.CLOSED, "no \"ztunnel\"\nis connected")));
            watching.until(() -> api.events().size() == 1 && "pending".equals(annotation("a")), "pending, with an event");
            assertThat(api.events().get(0).path("message").asText()).isEqualTo("no \"ztunnel\"\nis connected");
            assertThat(api.events().get(0).path("involvedObject").path("uid").asText()).isEqualTo("uid-a");

            api.put(annotated(pod("mesh", "a", ""), ApiPod.REDIRECTION, "enabled")); // somebody else
            watching.until(() -> "pending".equals(annotation("a")), "pending again");

            watching.source.report(a, Optional.of(new PodState(PodState.Kind.CLOSED, "no \"ztunnel\"\nis connected")));
            watching.source.report(a, Optional.of(new PodState(PodState.Kind.OPEN, "no space")));
            watching.until(() -> api.events().size() == 2 && annotation("a") == null, "no annotation, and another event");
            assertThat(api.events().get(1).path("reason").asText()).isEqualTo("NotRedirected");

            watching.source.report(a, Optional.of(PodState.SERVED));
            watching.until(() -> "enabled".equals(annotation("a")), "enabled");
            watching.source.report(a, Optional.empty());
            watching.until(() -> annotation("a") == null, "removed");
        }
    }

    @Test
    void writesOntoNoOtherPodOfThatName() throws Exception {
        api.put(pod("mesh", "b", ""));
        try (Watching watching = new Watching(folder, api, Watching.TIMES)) {
            watching.untilSynced();
            MeshPod a = watching.source.pod("uid-a").orElseThrow();
            MeshPod b = watching.source.pod("uid-b").orElseThrow();
            MeshPod gone = new MeshPod("uid-gone", new io.inpod.examples.zds.WorkloadInfo("gone", "mesh", "sa"), PodOverrides.NONE, a.addresses(), null, null);
            api.delete("/api/v1/namespaces/mesh/pods/a");
            ObjectNode next = pod("mesh", "a", "");
            ((ObjectNode) next.path("metadata")).put("uid", "uid-next");
            api.put(next);
            watching.untilPods("uid-next", "uid-b");

            watching.source.report(a, Optional.of(PodState.SERVED));
            watching.source.report(gone, Optional.of(PodState.SERVED));
            watching.source.report(b, Optional.of(PodState.SERVED));
            watching.until(() -> "enabled".equals(annotation("b")), "the last one written");
            assertThat(annotation("a")).isNull();
        }
    }

    private String annotation(String pod) {
        var object = api.get("/api/v1/namespaces/mesh/pods/" + pod);
        var value = object == null ? null : object.path("metadata").path("annotations").get(ApiPod.REDIRECTION);
        return value == null ? null : value.asText();
    }
}
