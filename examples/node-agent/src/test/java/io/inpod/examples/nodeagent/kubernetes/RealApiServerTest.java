package io.inpod.examples.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The source of pods with a real API server, as the service account that the manifests give it. */
@Tag("cluster")
@Timeout(120)
class RealApiServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static ApiCluster cluster;
    @TempDir
    static Path account;

    @BeforeAll
    static void start() throws Exception {
        cluster = new ApiCluster();
        cluster.kubectl("apply", "-k", Path.of("../../deploy").toRealPath().toString());
        cluster.kubectl("create", "namespace", "mesh");
        cluster.kubectl("label", "namespace", "mesh", "istio.io/dataplane-mode=ambient");
        Files.copy(cluster.authority(), account.resolve("ca.crt"));
        newToken();
    }

    @AfterAll
    static void end() throws IOException {
        if (cluster != null) {
            cluster.close();
        }
    }

    private static void newToken() throws IOException, InterruptedException {
        Files.writeString(account.resolve("token"), cluster.kubectl("create", "token", "inpod-agent", "-n", "inpod-system").strip() + "\n");
    }

    private static void run(String name) throws IOException, InterruptedException {
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: mesh}
                spec:
                  nodeName: node1
                  containers: [{name: app, image: app}]
                """.formatted(name));
    }

    private static void delete(String name) throws IOException, InterruptedException {
        cluster.kubectl("delete", "pod", "-n", "mesh", name, "--force", "--grace-period=0");
    }

    private static String uid(String name) throws IOException, InterruptedException {
        return cluster.kubectl("get", "pod", "-n", "mesh", name, "-o", "jsonpath={.metadata.uid}").strip();
    }

    private static boolean isWritten(String name, String state) {
        try {
            return cluster.kubectl("get", "pod", "-n", "mesh", name, "-o", "jsonpath={.metadata.annotations.ambient\\.istio\\.io/redirection}").strip()
                    .equals(state);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Watching watch() throws IOException {
        return new Watching(ApiAccess.inCluster("127.0.0.1", Integer.toString(cluster.port()), account), Watching.TIMES);
    }

    @Test
    void theAccountMayDoWhatIsNeededAndNoMore() throws Exception {
        String agent = "--as=system:serviceaccount:inpod-system:inpod-agent";
        assertThat(cluster.kubectl("auth", "can-i", "patch", "pods", "--subresource=status", agent)).contains("yes");
        for (String[] forbidden : new String[][] {{"patch", "pods"}, {"delete", "pods"}, {"create", "pods"}, {"get", "secrets"}, {"patch", "namespaces"},
            {"list", "nodes"}, {"delete", "events"}}) {
            assertThatThrownBy(() -> cluster.kubectl("auth", "can-i", forbidden[0], forbidden[1], agent)).hasMessageContaining("no");
        }
    }

    @Test
    void followsPodsThroughRestartsOfTheServer() throws Exception {
        run("first");
        try (Watching watching = watch()) {
            watching.untilSynced();
            String first = uid("first");
            watching.untilPods(first);
            run("second");
            String second = uid("second");
            watching.untilPods(first, second);

            cluster.run("stop", "kube-apiserver", "KILL");
            assertThat(watching.source.synced()).isTrue();
            assertThat(watching.source.membership("mesh", "first", first, PATIENCE)).isInstanceOf(Membership.Member.class);
            assertThat(watching.source.membership("mesh", "other", "uid", Duration.ofMillis(300))).isInstanceOf(Membership.Unknown.class);
            cluster.run("start", "kube-apiserver");
            delete("second");
            run("third");
            String third = uid("third");
            watching.untilPods(first, third);
            assertThat(watching.source.membership("mesh", "third", third, PATIENCE)).isInstanceOf(Membership.Member.class);

            cluster.kubectl("label", "namespace", "mesh", "istio.io/dataplane-mode-");
            watching.untilPods();
            cluster.kubectl("label", "namespace", "mesh", "istio.io/dataplane-mode=ambient");
            watching.untilPods(first, third);
        } finally {
            delete("first");
            delete("third");
        }
    }

    @Test
    void writesTheAnnotationAndEvents() throws Exception {
        run("written");
        try (Watching watching = watch()) {
            watching.untilSynced();
            MeshPod pod = watching.source.pod(uid("written")).orElseThrow();
            watching.source.report(pod, Optional.of(PodState.SERVED));
            watching.until(() -> isWritten("written", "enabled"), "enabled");
            watching.source.report(pod, Optional.of(new PodState(PodState.Kind.CLOSED, "no ztunnel is connected")));
            watching.until(() -> isWritten("written", "pending"), "pending");
            watching.until(() -> events().contains("no ztunnel is connected"), "an event");

            Files.writeString(account.resolve("token"), "expired");
            watching.source.report(pod, Optional.of(PodState.SERVED));
            newToken();
            watching.until(() -> isWritten("written", "enabled"), "enabled with the new token");

            delete("written");
            run("written");
            String next = uid("written");
            watching.untilPods(next);
            run("later");
            String later = uid("later");
            watching.untilPods(next, later);
            watching.source.report(pod, Optional.of(PodState.SERVED)); // of the pod that is gone
            watching.source.report(watching.source.pod(later).orElseThrow(), Optional.of(PodState.SERVED));
            watching.until(() -> isWritten("later", "enabled"), "enabled");
            assertThat(isWritten("written", "")).as("nothing was written onto another pod of the same name").isTrue();
        } finally {
            delete("written");
            delete("later");
            newToken();
        }
    }

    private static String events() {
        try {
            return cluster.kubectl("get", "events", "-n", "mesh");
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What the code relies on: a quiet watch ends as it was asked to, without an error, and one from the future does so, too. */
    @Test
    void aQuietWatchEndsInTime() throws Exception {
        var timer = Executors.newSingleThreadScheduledExecutor();
        try (ApiServer api = new ApiServer(ApiAccess.inCluster("127.0.0.1", Integer.toString(cluster.port()), account), timer)) {
            String pods = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnowhere";
            long version = Versioned.versionOf(api.get(pods, PATIENCE));
            for (long from : new long[] {version, version + 1_000_000}) {
                try (InputStream watch = api.open(pods + "&watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=" + from, PATIENCE, PATIENCE)) {
                    watch.readAllBytes();
                }
            }
            assertThat(Versioned.versionOf(api.get(pods + "&resourceVersion=0", PATIENCE))).isGreaterThanOrEqualTo(version);
        } finally {
            timer.shutdownNow();
        }
    }
}
