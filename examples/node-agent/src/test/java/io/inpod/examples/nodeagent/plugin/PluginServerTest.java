package io.inpod.examples.nodeagent.plugin;

import static io.inpod.examples.nodeagent.plugin.Runtime.RESULT;
import static io.inpod.examples.nodeagent.plugin.Runtime.args;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.plugin.FakeEnrolment.Step;
import io.inpod.examples.nodeagent.plugin.Runtime.Outcome;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.ForeignPeer;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.unix.PrivateServer;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real plugin asks a server whose pods and enrolments are in memory. */
@Pods(perClass = true)
class PluginServerTest {
    private static final int CALLS = 4;

    @TempDir
    Path directory;

    private final FakeSource source = new FakeSource();
    private final FakeEnrolment enrolment = new FakeEnrolment();
    private final Map<String, PodState> states = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Path socket = Path.of("");
    private PluginServer server;
    private Runtime runtime;
    private NetworkNamespace netns;
    private Path path;

    @BeforeEach
    void start(PodNetwork network) throws IOException {
        socket = directory.resolve("run/plugin.sock");
        PluginAnswers answers = new PluginAnswers(source, enrolment, uid -> Optional.ofNullable(states.get(uid)));
        server = new PluginServer(PrivateServer.listen(socket), answers, threads, CALLS, Duration.ofMillis(300));
        threads.execute(server::run);
        runtime = new Runtime(directory, socket);
        netns = network.pod(0).namespace();
        path = Tool.pathOf(netns);
    }

    @AfterEach
    void stop() {
        server.close();
        threads.shutdown();
    }

    @Test
    void aMemberIsEnrolledWithItsNamespaceAndAddresses() throws Exception {
        source.known.put("u1", FakeSource.pod("shop", "in-0", "u1", Set.of(InetAddress.getByName("10.9.9.9"))));

        assertThat(runtime.call("ADD", args("in-0", "u1"), path)).isEqualTo(new Outcome(0, RESULT));

        Step step = enrolment.steps.take();
        assertThat(step.what() + step.uid() + step.netns()).isEqualTo("enrolu1" + netns.identity());
        assertThat(step.addresses()).containsExactlyInAnyOrder(InetAddress.getByName("10.0.0.5"), InetAddress.getByName("fd00::5"), InetAddress.getByName("10.9.9.9"));
        assertThat(step.patience()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(19));
    }

    @Test
    void aSecondAddIsAsGoodAsTheFirst() throws Exception {
        for (int round = 0; round < 2; round++) {
            assertThat(runtime.call("ADD", args("in-0", "u1"), path)).isEqualTo(new Outcome(0, RESULT));
        }
        assertThat(enrolment.steps).hasSize(2);
    }

    @Test
    void othersPass() throws Exception {
        assertThat(runtime.call("ADD", args("out-0", "u1"), path)).isEqualTo(new Outcome(0, RESULT));
        assertThat(runtime.call("CHECK", args("out-0", "u1"), path)).isEqualTo(new Outcome(0, ""));
        assertThat(enrolment.steps).isEmpty();
    }

    @Test
    void aPodOfWhichNobodyKnowsDoesNotStart() throws Exception {
        Outcome refused = runtime.call("ADD", args("web-0", "u1"), path);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.out()).isEqualTo("{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"inpod: nobody can tell now whether pod shop/web-0 (uid u1) "
                + "belongs to the mesh, so it doesn't start yet\",\"details\":\"the API server is away: no route to host\"}");
    }

    @Test
    void aMemberThatCanNotBeEnrolledDoesNotStart() throws Exception {
        enrolment.failure = new IOException("add pod u1: hand it to the proxy: no proxy is connected");
        Outcome refused = runtime.call("ADD", args("in-0", "u1"), path);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.out()).contains("\"code\":11", "pod shop/in-0 (uid u1) can't be enrolled", "hand it to the proxy: no proxy is connected");
    }

    @Test
    void onlyPodsAreEnrolled() throws Exception {
        assertThat(runtime.call("ADD", args("in-0", "u1"), Path.of("/proc/self/ns/net")).out()).contains("\"code\":4", "would cut off the node");
        assertThat(runtime.call("ADD", args("in-0", "u1"), Path.of("/dev/null")).out()).contains("\"code\":4", "is no network namespace");
        assertThat(runtime.call("ADD", args("in-0", "u1"), Path.of("/proc/self/ns/mnt")).out()).contains("\"code\":4", "is no network namespace");
        assertThat(enrolment.steps).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "K8S_POD_NAME=in-0;K8S_POD_NAMESPACE=a;K8S_POD_NAMESPACE=b|names K8S_POD_NAMESPACE twice",
        "K8S_POD_NAME=in-0;K8S_POD_NAMESPACE=a;K8S_POD_UID=1;K8S_POD_UID=1|names K8S_POD_UID twice",
        "K8S_POD_NAME=in-0|K8S_POD_NAMESPACE in CNI_ARGS is missing",
        "K8S_POD_NAME=in-0;K8S_POD_NAMESPACE=|K8S_POD_NAMESPACE in CNI_ARGS is missing",
        "K8S_POD_NAME=../in;K8S_POD_NAMESPACE=a|K8S_POD_NAME in CNI_ARGS is missing or no name",
        "K8S_POD_NAME=in=0;K8S_POD_NAMESPACE=a|K8S_POD_NAME in CNI_ARGS is missing or no name",
        "K8S_POD_NAME=in-0;K8S_POD_NAMESPACE=a;K8S_POD_UID=a b|K8S_POD_UID in CNI_ARGS is missing or no name",
    })
    void whoeverIsNamedBadlyDoesNotStart(String args, String reason) throws Exception {
        assertThat(runtime.call("ADD", args, path).out()).contains("\"code\":4", reason);
        assertThat(enrolment.steps).isEmpty();
    }

    @Test
    void anAddressThatIsNoneIsRefused() throws Exception {
        for (String address : List.of("10.0.0/24", "fe80::1%eth0/64", "localhost/8", "")) {
            assertThat(runtime.call("ADD", args("in-0", "u1"), path.toString(), "{\"ips\":[{\"address\":\"" + address + "\"}]}").out())
                    .as(address).contains("\"code\":6", "an address that is none");
        }
    }

    @Test
    void aDeletedSandboxIsLetGo() throws Exception {
        assertThat(runtime.call("DEL", args("in-0", "u1"), path)).isEqualTo(new Outcome(0, ""));
        assertThat(enrolment.steps.take()).isEqualTo(new Step("gone", "u1", netns.identity().toString(), null, null));
        source.known.put("u7", FakeSource.pod("shop", "in-0", "u7", Set.of()));
        enrolment.failure = new IOException("the proxy refuses");
        assertThat(runtime.call("DEL", args("in-0", ""), path)).isEqualTo(new Outcome(0, ""));
        assertThat(enrolment.steps.take()).isEqualTo(new Step("gone", "u7", netns.identity().toString(), null, null));
    }

    @Test
    void deletingAgainDoesNothing() throws Exception {
        assertThat(runtime.call("DEL", args("in-0", "u1"), "", RESULT)).isEqualTo(new Outcome(0, ""));
        assertThat(runtime.call("DEL", args("in-0", "u1"), "/run/netns/gone", RESULT)).isEqualTo(new Outcome(0, ""));
        assertThat(runtime.call("DEL", args("in-0", ""), path)).isEqualTo(new Outcome(0, ""));
        assertThat(enrolment.steps).isEmpty();
    }

    @Test
    void aCheckTellsWhetherThePodIsServed() throws Exception {
        assertThat(runtime.call("CHECK", args("in-0", "u1"), path).out()).contains("\"code\":100", "it isn't enrolled");
        states.put("u1", new PodState(PodState.Kind.CLOSED, "no ztunnel is connected"));
        assertThat(runtime.call("CHECK", args("in-0", "u1"), path).out()).contains("\"code\":100", "closed: no ztunnel is connected");
        states.put("u1", PodState.SERVED);
        assertThat(runtime.call("CHECK", args("in-0", "u1"), path)).isEqualTo(new Outcome(0, ""));
    }

    @Test
    void aHangingEnrolmentHoldsUpNobodyElse() throws Exception {
        CountDownLatch hang = new CountDownLatch(1);
        enrolment.hang = hang;
        Process waiting = runtime.start("ADD", args("in-0", "u1"), path.toString(), RESULT);
        enrolment.steps.take();
        assertThat(runtime.call("ADD", args("out-0", "u2"), path)).isEqualTo(new Outcome(0, RESULT));
        hang.countDown();
        assertThat(waiting.waitFor()).isZero();
    }

    @Test
    void aFloodOfSilentClientsMakesRoom() throws Exception {
        List<SeqpacketSocket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 3 * CALLS; i++) {
                silent.add(PrivateSocket.connect(socket));
            }
            assertThat(runtime.call("ADD", args("out-0", "u1"), path)).isEqualTo(new Outcome(0, RESULT));
        } finally {
            silent.forEach(SeqpacketSocket::close);
        }
    }

    @Test
    void whoSaysNothingGetsNoAnswer() throws Exception {
        try (ForeignPeer client = new ForeignPeer()) {
            client.run("connect " + socket);
            client.run("finish");
            assertThat(client.ask("recv")).isEqualTo("EOF");
        }
    }

    @Test
    void garbageLeavesNothingBehind() throws Exception {
        Random random = new Random(1);
        try (ForeignPeer client = new ForeignPeer()) {
            assertThat(garbage(client, new byte[] {1}, "")).startsWith("1{").contains("no end");
            LeakCheck leaks = LeakCheck.begin();
            for (int round = 0; round < 50; round++) {
                byte[] bytes = new byte[1 + random.nextInt(1000)];
                random.nextBytes(bytes);
                assertThat(garbage(client, bytes, round % 3 == 0 ? " /proc/self/ns/net" : round % 3 == 1 ? " /dev/null" : "")).startsWith("1{");
            }
            String twice = HexFormat.of().formatHex("CNI_COMMAND=ADD\0\0{}".getBytes(StandardCharsets.UTF_8));
            client.run("connect " + socket);
            client.run("send " + twice + " /proc/self/ns/net");
            client.run("send " + twice + " /proc/self/ns/net");
            assertThat(client.ask("recv")).startsWith(HexFormat.of().formatHex("1{".getBytes(StandardCharsets.UTF_8)));
            client.run("close");
            leaks.verify();
        }
        assertThat(enrolment.steps).isEmpty();
    }

    private String garbage(ForeignPeer client, byte[] bytes, String descriptor) throws IOException {
        client.run("connect " + socket);
        client.run("send " + HexFormat.of().formatHex(bytes) + descriptor);
        client.run("finish");
        String answer = new String(HexFormat.of().parseHex(client.ask("recv")), StandardCharsets.UTF_8);
        client.run("close");
        return answer;
    }
}
