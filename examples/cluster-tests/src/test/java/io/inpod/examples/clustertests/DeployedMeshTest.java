package io.inpod.examples.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.cluster.KubernetesNode;
import io.inpod.examples.cluster.NodeSandbox;
import io.inpod.examples.demo.WireCapture;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The system as a user deploys it, from its images and manifests, on a Kubernetes node: installed, updated while a client sends one request
 * after another, and removed. All that passes the node's links until then is captured.
 */
@Tag("cluster")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DeployedMeshTest {
    private static final String SECRET = "a-secret-that-must-not-be-on-the-wire";
    private static final String ANSWER = "an answer of the server";
    private static final String LIST = "/etc/cni/net.d/10-pods.conflist";

    private static KubernetesNode cluster;
    private static Deployment deployment;
    private static WireCapture capture;
    private static String server;
    private static String listBefore;

    @RegisterExtension
    static final NodeReport REPORT = new NodeReport(() -> cluster == null ? null : cluster.sandbox());

    @BeforeAll
    static void start() throws Exception {
        String refusal = NodeSandbox.refusal().orElse(null);
        if (refusal != null) {
            throw Missing.on(refusal);
        }
        cluster = KubernetesNode.start(Names.unique("deployed"));
        listBefore = cluster.sandbox().exec("cat", LIST);
        cluster.kubectl("create", "namespace", "shop");
        RuntimeScene.until(() -> cluster.kubectl("get", "serviceaccount", "-n", "shop", "default"));
        pod("server", "echo '" + ANSWER + "' > /tmp/index.html; httpd -f -p 8080 -h /tmp");
        cluster.await("condition=Ready", "-n", "shop", "pod/server");
        server = address("server");
        deployment = Deployment.prepare(cluster, mesh());
        try (NetworkNamespace network = cluster.sandbox().network()) {
            capture = WireCapture.start(network);
        }
        deployment.apply();
    }

    /** The pods that come later have unused addresses: the ztunnel knows its node's pods by their names. */
    private static String mesh() {
        String line = "- {uid: \"c//Pod/shop/%1$s\", name: %1$s, namespace: shop, serviceAccount: default, workloadIps: [\"%2$s\"],"
                + " protocol: HBONE, node: node1}%n";
        return "workloads:\n" + line.formatted("server", server) + line.formatted("client", "10.244.255.1")
                + line.formatted("later", "10.244.255.2");
    }

    @AfterAll
    static void close() {
        if (capture != null) {
            capture.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    /** Jars of which nothing is needed stay closed. */
    private String agentsFiles() throws Exception {
        return cluster.sandbox().exec("sh", "-c", "for p in /proc/[0-9]*; do grep -q nodeagent.Main $p/cmdline && ls -l $p/fd; done; true");
    }

    @Test
    @Order(1)
    void aRequestGoesThroughATunnel() throws Exception {
        cluster.kubectl("label", "namespace", "shop", "istio.io/dataplane-mode=ambient");
        awaitMesh("server", "enabled");
        client("client");

        awaitAnswers("client", 3);
        awaitMesh("client", "enabled");
        assertThat(ofPods().tlsFramesByPort()).containsKey(15008);
        assertNoPlaintext();
        assertThat(inPods()).contains("ISTIO", "lookup 100", ":15001", ":15006", ":15008");
        assertThat(probeRules()).contains("ISTIO", "istio-inpod-probes-v4");
        assertThat(cluster.sandbox().exec("sh", "-c", "cat /proc/[0-9]*/maps")).as("archives of classes").contains("/opt/inpod/agent.jsa", "/opt/inpod/ztunnel.jsa");
        assertThat(agentsFiles()).as("jars").contains("node-agent-").doesNotContain(Runtime.version().feature() < 18 ? "asm-util-" : "nothing else");
        awaitLog("connection complete.*src.identity=\"spiffe://cluster.local/ns/shop/sa/default\".* dst.addr=" + server + ":15008 ", "inpod-system",
                "daemonset/inpod-ztunnel");
    }

    @Test
    @Order(2)
    void requestsAreAnsweredWhileTheAgentIsReplaced() throws Exception {
        long before = answers("client");
        deployment.restart("inpod-agent");
        assertThat(answers("client")).as("answers").isGreaterThan(before);

        awaitAnswers("client", answers("client") + 3);
        client("later");
        awaitAnswers("later", 1);
        assertNoneFailed();
        assertNoPlaintext();
    }

    @Test
    @Order(3)
    void requestsAreAnsweredWhileTheZtunnelIsReplaced() throws Exception {
        long before = answers("client");
        deployment.restart("inpod-ztunnel");
        assertThat(answers("client")).as("answers").isGreaterThan(before);

        awaitAnswers("client", answers("client") + 3);
        assertNoneFailed();
        assertNoPlaintext();
    }

    @Test
    @Order(4)
    void nothingIsLeftOfARemovedMesh() throws Exception {
        cluster.kubectl("label", "namespace", "shop", "istio.io/dataplane-mode-");
        for (String pod : Set.of("server", "client", "later")) {
            awaitMesh(pod, "");
        }
        assertThat(inPods()).as("rules, routes and listeners").doesNotContain("ISTIO", "lookup 100", ":15001", ":15006", ":15008");
        deployment.applyUninstall();
        awaitLog("an agent answers on /var/run/inpod-cni/plugin.sock", "inpod-uninstall", "daemonset/inpod-uninstall", "-c", "uninstall");
        assertThat(cluster.sandbox().exec("cat", LIST)).as("beside an agent it would come back").contains("inpod-cni");
        deployment.delete();
        deployment.awaitUninstalled();

        assertThat(cluster.sandbox().exec("cat", LIST)).isEqualTo(listBefore);
        assertThat(probeRules()).doesNotContain("ISTIO", "istio");
        assertThat(cluster.sandbox().exec("find", "/run/inpod", "/run/inpod-cni", "/run/ztunnel", "-type", "s")).isEmpty();
        awaitAnswers("client", answers("client") + 3); // it has left the mesh
        client("outside");
        awaitAnswers("outside", 1);
        assertThat(ofPods().contains(SECRET)).as("the capture sees what is in clear").isTrue();

        cluster.kubectl("delete", "pod", "-n", "shop", "server", "client", "later", "--timeout=60s");
        RuntimeScene.until(() -> found(cluster.sandbox().exec("ls", "/opt/cni/bin").lines().noneMatch("inpod-cni"::equals), "/opt/cni/bin/inpod-cni"));
        deployment.deleteUninstall();
        assertThat(cluster.kubectl("get", "namespaces,clusterroles,clusterrolebindings", "-o", "name")).doesNotContain("inpod");
    }

    /** Waits until a line of the containers' logs matches. */
    private static void awaitLog(String line, String namespace, String... containers) throws Exception {
        String[] logs = Stream.concat(Stream.of("logs", "-n", namespace), Stream.of(containers)).toArray(String[]::new);
        RuntimeScene.until(() -> {
            String log = cluster.kubectl(logs);
            return found(Pattern.compile(line).matcher(log).find(), log);
        });
    }

    private static String found(boolean condition, String otherwise) throws IOException {
        if (!condition) {
            throw new IOException(otherwise);
        }
        return otherwise;
    }

    /** Sends one request after the other, and prints for each whether it was answered. */
    private static void client(String name) throws Exception {
        pod(name, "while :; do if [ \"$(timeout 20 wget -qO- --header 'X-Secret: " + SECRET + "' http://" + server + ":8080/)\" = '" + ANSWER
                + "' ]; then echo answered; else echo failed; fi; sleep 0.2; done");
    }

    private static void pod(String name, String command) throws Exception {
        Path file = Files.writeString(cluster.sandbox().state().resolve(name + ".sh"), "trap 'exit 0' TERM\n{ " + command + "; } & wait\n");
        cluster.kubectl("create", "configmap", "-n", "shop", name, "--from-file=run=" + file);
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %1$s, namespace: shop}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: localhost/busybox:1
                    command: [sh, /etc/run/run]
                    volumeMounts:
                    - {name: run, mountPath: /etc/run}
                  volumes:
                  - {name: run, configMap: {name: %1$s}}
                """.formatted(name));
    }

    private static String address(String pod) throws Exception {
        return cluster.kubectl("get", "pod", "-n", "shop", pod, "-o", "jsonpath={.status.podIP}");
    }

    private static void awaitMesh(String pod, String state) throws Exception {
        RuntimeScene.until(() -> {
            String now = cluster.kubectl("get", "pod", "-n", "shop", pod, "-o", "jsonpath={.metadata.annotations.ambient\\.istio\\.io/redirection}");
            return found(now.equals(state), pod + ": \"" + now + "\"");
        });
    }

    private static long answers(String pod) throws Exception {
        return cluster.kubectl("logs", "-n", "shop", pod).lines().filter("answered"::equals).count();
    }

    private static void awaitAnswers(String pod, long count) throws Exception {
        RuntimeScene.until(() -> found(answers(pod) >= count, "fewer than " + count + " answers to " + pod));
    }

    private static void assertNoneFailed() throws Exception {
        assertThat(cluster.kubectl("logs", "-n", "shop", "client").lines()).doesNotContain("failed");
    }

    /** What the kernel has in the pods' namespaces, in the words of other programs. */
    private static String inPods() throws Exception {
        return cluster.sandbox().exec("sh", "-c",
                "for each in /run/netns/*; do nsenter --net=$each sh -c 'iptables-save; nft list ruleset; ip rule; ip -6 rule; ss -Hlnt'; done");
    }

    private static String probeRules() throws Exception {
        return cluster.sandbox().exec("sh", "-c", "iptables-save; ip6tables-save; ipset list -n");
    }

    private static WireCapture.Evidence ofPods() throws Exception {
        return capture.soFar().of(RuntimeScene.podAddresses());
    }

    private static void assertNoPlaintext() throws Exception {
        assertThat(ofPods().contains(SECRET)).isFalse();
        assertThat(ofPods().outsideTunnels(Set.of(InetAddress.getByName(server), InetAddress.getByName(address("client"))))).isEmpty();
    }
}
