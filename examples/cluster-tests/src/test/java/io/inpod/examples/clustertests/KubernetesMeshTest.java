package io.inpod.examples.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.cluster.KubernetesNode;
import io.inpod.examples.cluster.NodeProcess;
import io.inpod.examples.cluster.NodeSandbox;
import io.inpod.examples.cluster.Program;
import io.inpod.examples.demo.MeshNode;
import io.inpod.examples.demo.MeshWorkload;
import io.inpod.examples.demo.WireCapture;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The whole system on a Kubernetes node. Clients begin with a request to the server and repeat it until it is answered; everything on the
 * node's links is captured from before the first pod on, until the node reboots.
 */
@Tag("cluster")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KubernetesMeshTest {
    private static final String SECRET = "a-secret-that-must-not-be-on-the-wire";
    private static final String ANSWER = "an answer of the server";

    private static KubernetesNode cluster;
    private static MeshNode node;
    private static NodeProcess agent;
    private static NodeProcess ztunnel;
    private static WireCapture capture;
    private static String server;

    @RegisterExtension
    static final NodeReport REPORT = new NodeReport(() -> cluster == null ? null : cluster.sandbox());

    @BeforeAll
    static void start() throws Exception {
        String refusal = NodeSandbox.refusal().orElse(null);
        if (refusal != null) {
            throw Missing.on(refusal);
        }
        cluster = KubernetesNode.start(Names.unique("mesh"));
        Path steps = Files.createDirectories(cluster.sandbox().state().resolve("steps"));
        node = new MeshNode(cluster.sandbox(), new JavaCommands(steps));
        capture = capture();
        agent = startAgent();
        ztunnel = node.startZtunnel();
        cluster.kubectl("create", "namespace", "mesh");
        cluster.kubectl("label", "namespace", "mesh", "istio.io/dataplane-mode=ambient");
        RuntimeScene.until(() -> cluster.kubectl("get", "serviceaccount", "-n", "mesh", "default"));
        apply("server", "", "echo '" + ANSWER + "' > /tmp/index.html; httpd -f -p 8080 -h /tmp");
        cluster.await("condition=Ready", "-n", "mesh", "pod/server");
        server = address("server");
        announce();
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

    @Test
    @Order(1)
    void aPodIsEnrolledBeforeItsFirstPacket() throws Exception {
        client("first", "");

        awaitAnswer("first");
        awaitPrinted("enabled", "get", "pod", "-n", "mesh", "first", "-o", "jsonpath={.metadata.annotations.ambient\\.istio\\.io/redirection}");
        assertThat(ofPods().tlsFramesByPort()).containsKey(15008);
        assertNoPlaintext();
    }

    @Test
    @Order(2)
    void podsOutsideTheMeshAreLeftAlone() throws Exception {
        apply("out", "labels: {istio.io/dataplane-mode: none}", "sleep 100000");
        apply("host", "hostNetwork", "sleep 100000");
        cluster.await("condition=Ready", "-n", "mesh", "pod/out", "pod/host");

        assertThat(cluster.kubectl("exec", "-n", "mesh", "out", "--", "timeout", "5", "wget", "-qO-", "http://" + server + ":8080/")).contains(ANSWER);
        assertThat(ofPods().outsideTunnels(Set.of(InetAddress.getByName(address("out")), InetAddress.getByName(server))))
                .as("the capture sees what is in clear").isNotEmpty();
        assertThat(list()).doesNotContain("/out").doesNotContain("/host");
        assertThat(cluster.sandbox().exec("iptables-save")).doesNotContain("ISTIO_OUTPUT");
        cluster.kubectl("delete", "pod", "-n", "mesh", "out", "host", "--timeout=60s");
    }

    @Test
    @Order(3)
    void withoutAnAgentPodsRunOnAndNoneStarts() throws Exception {
        agent.kill();
        request("first");
        client("early", "");

        awaitPrinted("node agent doesn't answer", "get", "events", "-n", "mesh", "--field-selector=involvedObject.name=early");
        agent = startAgent();
        request("first");
        awaitAnswer("early");
        assertNoPlaintext();
    }

    @Test
    @Order(4)
    void eachProgramOfTheNodeMayEnd() throws Exception {
        for (Program program : List.of(Program.KUBE_APISERVER, Program.CONTAINERD, Program.KUBELET)) {
            String name = "after-" + program;
            cluster.sandbox().stop(program, "KILL");
            assertThat(cluster.sandbox().exec("pgrep", "-f", "httpd")).isNotBlank();
            cluster.sandbox().start(program);
            RuntimeScene.until(() -> {
                client(name, "");
                return name;
            });
            awaitAnswer(name);
        }
        ztunnel.kill();
        ztunnel = node.startZtunnel();
        request("first");
        assertNoPlaintext();
    }

    /** As in {@link KillMatrixTest}, whose node has no API server. */
    @TestFactory
    @Order(5)
    Stream<DynamicTest> theApiServerMayEndAtEveryStep() throws Exception {
        client("api-0", "");
        awaitAnswer("api-0");
        String uid = uid("api-0");
        delete("api-0");
        Steps steps = new Steps(cluster.sandbox().state().resolve("steps"));
        List<String> adding = steps.taken("add pod " + uid).stream().distinct().toList();
        List<String> deleting = steps.taken("delete pod " + uid).stream().distinct().toList();
        assertThat(adding).hasSizeGreaterThan(4);
        assertThat(deleting).hasSizeGreaterThan(1);
        AtomicInteger number = new AtomicInteger();
        return Stream.concat(
                adding.stream().map(step -> DynamicTest.dynamicTest("enrolment, before: " + step, () -> {
                    String name = "api-" + number.incrementAndGet();
                    steps.holdAny("add pod", step);
                    client(name, "");
                    endApiServer(steps);
                    awaitAnswer(name);
                    assertNoPlaintext();
                })),
                deleting.stream().map(step -> DynamicTest.dynamicTest("removal, before: " + step, () -> {
                    String name = "api-" + number.incrementAndGet();
                    client(name, "");
                    awaitAnswer(name);
                    steps.holdAny("delete pod", step);
                    cluster.kubectl("delete", "pod", "-n", "mesh", name, "--wait=false");
                    endApiServer(steps);
                    awaitGone(name);
                    assertNoPlaintext();
                })));
    }

    private static void endApiServer(Steps steps) throws Exception {
        try {
            steps.awaitHeld();
            cluster.sandbox().stop(Program.KUBE_APISERVER, "KILL");
        } finally {
            steps.release();
        }
        cluster.sandbox().start(Program.KUBE_APISERVER);
    }

    @Test
    @Order(6)
    void aPodThatIsMadeAgainIsEnrolledAgain() throws Exception {
        delete("first");
        client("first", "");

        awaitAnswer("first");
        assertNoPlaintext();
    }

    @Test
    @Order(7)
    void afterARebootPodsWaitForTheAgent() throws Exception {
        assertNoPlaintext();
        capture.close();
        cluster.sandbox().reboot();
        capture = capture();

        awaitPrinted("node agent doesn't answer", "get", "events", "-n", "mesh", "--field-selector=involvedObject.name=first");
        assertNoPlaintext();
        agent = startAgent();
        ztunnel = node.startZtunnel();
        awaitPrinted("1", "get", "pod", "-n", "mesh", "server", "-o", "jsonpath={.status.containerStatuses[?(@.ready==true)].restartCount}");
        server = address("server");
        announce();
        request("first");
        assertNoPlaintext();
    }

    private static WireCapture capture() throws IOException {
        try (NetworkNamespace network = cluster.sandbox().network()) {
            return WireCapture.start(network);
        }
    }

    private static NodeProcess startAgent() throws Exception {
        return node.startAgent("--kubernetes", "--node-name", "node1", "--kubeconfig", cluster.kubeconfig().toString(), "--node-netns",
                "/proc/1/ns/net");
    }

    /** All clients have one name for the ztunnel: theirs are known before they exist. */
    private static void announce() throws Exception {
        List<String> names = new ArrayList<>(List.of("first", "early", "after-kube-apiserver", "after-containerd", "after-kubelet"));
        IntStream.range(0, 20).forEach(number -> names.add("api-" + number));
        List<MeshWorkload> known = new ArrayList<>(List.of(new MeshWorkload("mesh", "server", "default", InetAddress.getByName(server))));
        for (String name : names) {
            known.add(new MeshWorkload("mesh", name, "default", unused(known.size())));
        }
        node.announce(known, ztunnel);
    }

    private static InetAddress unused(int number) throws IOException {
        return InetAddress.getByName("10.244.255." + number);
    }

    private static void client(String name, String metadata) throws Exception {
        apply(name, metadata, "until timeout 5 wget -qO- --header 'X-Secret: " + SECRET + "' http://" + server
                + ":8080/; do sleep 0.05; done; sleep 100000");
    }

    private static void apply(String name, String metadata, String command) throws Exception {
        boolean host = metadata.equals("hostNetwork");
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: %s
                  namespace: mesh
                  %s
                spec:
                  hostNetwork: %s
                  terminationGracePeriodSeconds: 1
                  containers:
                    - name: main
                      image: localhost/busybox:1
                      command: [sh, -c, "trap 'exit 0' TERM; %s & wait"]
                """.formatted(name, host ? "" : metadata, host, command));
    }

    private static void delete(String pod) throws Exception {
        cluster.kubectl("delete", "pod", "-n", "mesh", pod, "--timeout=60s");
        awaitGone(pod);
    }

    /** Waits until neither the API server nor the agent has the pod. */
    private static void awaitGone(String pod) throws Exception {
        RuntimeScene.until(() -> {
            String left = cluster.kubectl("get", "pod", "-n", "mesh", pod, "--ignore-not-found", "-o", "name") + list();
            if (left.contains("pod/" + pod) || left.contains("mesh/" + pod + "\t")) {
                throw new IOException(left);
            }
            return left;
        });
    }

    private static String uid(String pod) throws Exception {
        return cluster.kubectl("get", "pod", "-n", "mesh", pod, "-o", "jsonpath={.metadata.uid}");
    }

    private static String address(String pod) throws Exception {
        return cluster.kubectl("get", "pod", "-n", "mesh", pod, "-o", "jsonpath={.status.podIP}");
    }

    private static void awaitAnswer(String pod) throws Exception {
        awaitPrinted(ANSWER, "logs", "-n", "mesh", pod);
    }

    private static void request(String pod) throws Exception {
        RuntimeScene.until(() -> {
            String answer = cluster.kubectl("exec", "-n", "mesh", pod, "--", "timeout", "5", "wget", "-qO-", "--header", "X-Secret: " + SECRET,
                    "http://" + server + ":8080/");
            if (!answer.contains(ANSWER)) {
                throw new IOException(answer);
            }
            return answer;
        });
    }

    private static void awaitPrinted(String text, String... kubectl) throws Exception {
        RuntimeScene.until(() -> {
            String printed = cluster.kubectl(kubectl);
            if (!printed.contains(text)) {
                throw new IOException("\"" + text + "\" isn't in: " + printed);
            }
            return printed;
        });
    }

    private static String list() throws Exception {
        return cluster.sandbox().exec(((JavaCommands) node.commands()).client("list"));
    }

    /** What passed from or to addresses of pods; the node's own is 10.244.0.1. */
    private static WireCapture.Evidence ofPods() throws Exception {
        return capture.soFar().of(RuntimeScene.podAddresses());
    }

    /** Only clients in the mesh say the secret; "out" is no member, and may speak in clear. */
    private static void assertNoPlaintext() throws Exception {
        assertThat(ofPods().contains(SECRET)).isFalse();
        Set<InetAddress> members = members();
        assertThat(ofPods().outsideTunnels(members)).isEmpty();
    }

    private static Set<InetAddress> members() throws Exception {
        String addresses = cluster.kubectl("get", "pods", "-n", "mesh", "-o", "jsonpath={range .items[*]}{.status.podIP}{\"\\n\"}{end}");
        return addresses.lines().filter(line -> !line.isBlank()).map(line -> {
            try {
                return InetAddress.getByName(line);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }).collect(Collectors.toSet());
    }
}
