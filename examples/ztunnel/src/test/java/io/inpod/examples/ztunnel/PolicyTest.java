package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.inpod.examples.ztunnel.PolicyScene.Tunnel;
import io.inpod.examples.ztunnel.live.Denials;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.Policy.Clause;
import io.inpod.examples.ztunnel.mesh.Policy.Match;
import io.inpod.examples.ztunnel.mesh.Policy.Rule;
import io.inpod.examples.ztunnel.mesh.Policy.Scope;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import io.inpod.examples.ztunnel.policy.Verdict.Basis;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.hbone.client.HboneClient;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.slf4j.LoggerFactory;

/** Policy on the wire: what is refused, what is cut when the mesh changes, and what waits for the mesh. */
@Timeout(120)
@Pods(value = 4, perClass = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PolicyTest {
    private static final String CHANGED = "connection closed due to policy change: ";

    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            log.add(event.getFormattedMessage());
        }
    };
    private PolicyScene scene;
    private HboneClient client;

    @BeforeAll
    void start(PodNetwork network, @TempDir Path home) throws Exception {
        appender.start();
        ((Logger) LoggerFactory.getLogger("access")).addAppender(appender);
        scene = new PolicyScene(network, home);
    }

    @BeforeEach
    void connect() throws IOException {
        client = scene.client();
        log.clear();
        scene.state.replace(mesh().build());
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    @AfterAll
    void stop() throws Exception {
        ((Logger) LoggerFactory.getLogger("access")).detachAppender(appender);
        if (scene != null) {
            scene.close();
        }
    }

    private static Policy policy(String name, Scope scope, Action action, boolean dryRun, Match match) {
        return new Policy(name.split("/")[0], name.split("/")[1], scope, action, dryRun,
                List.of(new Rule(List.of(new Clause(List.of(match))))), null);
    }

    private static Match principal(String account) {
        return new Match(List.of(), List.of(), List.of(), List.of(),
                List.of(new TextMatch(TextMatch.Kind.EXACT, "cluster.local/ns/default/sa/" + account)), List.of(), List.of(), List.of(),
                List.of(), List.of(), Set.of(), Set.of());
    }

    private static Match port(int port) {
        return new Match(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
                Set.of(port), Set.of());
    }

    /** The mesh with which Istio's ztunnel was observed. */
    private MeshChange mesh() {
        return Mesh.EMPTY.change()
                .put(scene.workload("locked").build())
                .put(scene.workload("guarded").build())
                .put(scene.workload("ports").policies(List.of("ports/sel", "ports/dry")).build())
                .put(policy("locked/no-cli", Scope.NAMESPACE, Action.DENY, false, principal("sa-cli")))
                .put(policy("guarded/friend", Scope.NAMESPACE, Action.ALLOW, false, principal("sa-friend")))
                .put(policy("ports/sel", Scope.WORKLOAD_SELECTOR, Action.DENY, false, port(8080)))
                .put(policy("ports/dry", Scope.WORKLOAD_SELECTOR, Action.DENY, true, port(8081)));
    }

    private Denials.Counts counts() {
        return scene.enforcement.denials().counts();
    }

    /** Waits for a line of the log, of this test or an earlier one. */
    private String line(String text) throws InterruptedException {
        for (;;) {
            String line = log.poll(60, TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("nothing in the log with " + text);
            }
            if (line.contains(text)) {
                return line;
            }
        }
    }

    private int status(String account, String pod, int port) throws Exception {
        Tunnel tunnel = new Tunnel();
        Future<TunnelChannel> asked = scene.ask(client, account, pod, port, tunnel).await();
        if (asked.isSuccess()) {
            tunnel.send("ping");
            assertThat(tunnel.received.take()).isEqualTo("ping");
            return 200;
        }
        assertThat(asked.cause()).isInstanceOf(TunnelRefusedException.class);
        return ((TunnelRefusedException) asked.cause()).status();
    }

    private Tunnel open(String account, String pod, int port) throws Exception {
        Tunnel tunnel = new Tunnel();
        assertThat(scene.ask(client, account, pod, port, tunnel).await().isSuccess()).isTrue();
        tunnel.send("ping");
        assertThat(tunnel.received.take()).isEqualTo("ping");
        return tunnel;
    }

    private static void assertEnded(Tunnel tunnel) throws InterruptedException {
        assertThat(List.of(tunnel.received.take(), tunnel.received.take())).containsExactly("reset", "end");
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/policy-cases.psv", delimiter = '|')
    void answersAsIstios(String id, String pod, int port, String account, int status, int then, String reason) throws Exception {
        assertThat(status(account, pod, port)).as(id).isEqualTo(status);
        if (reason != null) {
            assertThat(line("connection failed")).contains("src.identity=\"spiffe://cluster.local/ns/default/sa/" + account + "\"",
                    "error=\"connection closed due to policy rejection: " + reason + "\"");
        }
        assertThat(status(account, pod, PolicyScene.APP)).as(id).isEqualTo(then);
    }

    @Test
    void aDryRunIsLogged() throws Exception {
        assertThat(status("sa-cli", "ports", PolicyScene.OTHER_APP)).isEqualTo(200);
        assertThat(line("policy dry run")).contains("would_be=\"explicitly denied by: ports/dry\"");
    }

    @Test
    void whenAPolicyChangesOpenConnectionsAreCutAndNewOnesDenied() throws Exception {
        Tunnel denied = open("sa-cli", "ports", PolicyScene.OTHER_APP);
        Tunnel ofOthers = open("sa-friend", "guarded", PolicyScene.APP);
        long cut = counts().cut().get(Basis.EXPLICITLY_DENIED);

        scene.state.replace(mesh().put(policy("ports/dry", Scope.WORKLOAD_SELECTOR, Action.DENY, false, port(8081))).build());

        assertEnded(denied);
        assertThat(line("error=\"" + CHANGED + "explicitly denied by: ports/dry\""))
                .contains("connection complete", "bytes_sent=4 bytes_recv=4");
        assertThat(status("sa-cli", "ports", PolicyScene.OTHER_APP)).isEqualTo(401);
        assertThat(counts().cut().get(Basis.EXPLICITLY_DENIED)).isEqualTo(cut + 1);
        ofOthers.send("still open");
        assertThat(ofOthers.received.take()).isEqualTo("still open");
    }

    @Test
    void whenTheWorkloadIsSelectedByAnotherPolicyItsConnectionsAreCut() throws Exception {
        scene.state.replace(mesh().put(scene.workload("ports").build()).build());
        Tunnel tunnel = open("sa-cli", "ports", PolicyScene.APP);

        scene.state.replace(mesh().put(scene.workload("ports").policies(List.of("ports/sel")).build()).build());

        assertEnded(tunnel);
        line(CHANGED + "explicitly denied by: ports/sel");
    }

    @Test
    void whenAPolicyThatIsNamedIsGoneConnectionsAreCut() throws Exception {
        Tunnel tunnel = open("sa-cli", "ports", PolicyScene.OTHER_APP);

        scene.state.replace(mesh().removePolicy("ports/sel").build());

        assertEnded(tunnel);
        line(CHANGED + "policy ports/sel isn't known yet");
        assertThat(status("sa-cli", "ports", PolicyScene.OTHER_APP)).isEqualTo(401);
    }

    @Test
    void whenTheWorkloadIsGoneConnectionsAreCut() throws Exception {
        Tunnel tunnel = open("sa-friend", "guarded", PolicyScene.APP);

        scene.state.replace(mesh().removeWorkload("guarded").build());

        assertEnded(tunnel);
        line(CHANGED + "the mesh doesn't know the workload that the agent named");
    }

    @Test
    void whenACertificateIsRevokedItsConnectionIsCut() throws Exception {
        Tunnel tunnel = open("sa-friend", "locked", PolicyScene.APP);
        Tunnel other = open("sa-other", "locked", PolicyScene.APP);

        scene.proxy("locked").revoked(which -> which.peer().serviceAccount().equals("sa-friend"));

        assertEnded(tunnel);
        line("error=\"connection closed: a certificate was revoked\"");
        other.send("still open");
        assertThat(other.received.take()).isEqualTo("still open");
        assertThat(status("sa-friend", "locked", PolicyScene.APP)).as("until the tunnel itself is gone").isEqualTo(401);
        scene.proxy("locked").revoked(which -> false);
    }

    @Test
    void plaintextHasNoIdentity() throws Exception {
        assertReset(() -> {
            try (Socket refused = scene.plaintext("guarded")) { // the reset may come before connecting is over
                refused.getInputStream().read();
            }
        });
        assertThat(line("error=\"connection closed due to policy rejection: allow policies exist, but none allowed\""))
                .doesNotContain("src.identity");
        try (Socket served = scene.plaintext("locked")) {
            served.getOutputStream().write(7);
            assertThat(served.getInputStream().read()).isEqualTo(7);
            scene.state.replace(mesh().put(policy("locked/none", Scope.NAMESPACE, Action.DENY, false, port(8080))).build());

            assertReset(() -> served.getInputStream().read());
            line(CHANGED + "explicitly denied by: locked/none");
        }
    }

    private static void assertReset(ThrowingCallable reading) {
        assertThatThrownBy(reading).isInstanceOf(SocketException.class).hasMessageContaining("reset");
    }

    @Test
    void connectionsOfAPodThatTheMeshDoesNotKnowYetWait() throws Exception {
        scene.state.replace(mesh().removeWorkload("locked").build());
        Tunnel tunnel = new Tunnel();
        Future<TunnelChannel> inbound = scene.ask(client, "sa-friend", "locked", PolicyScene.APP, tunnel);
        try (Socket plaintext = scene.plaintext("locked");
                ServerSocketChannel server = scene.client.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress("0.0.0.0", 9000));
            try (Socket outbound = ShareScene.ask(scene.pod("locked"), scene.client.address().getHostAddress(), 9000)) {
                plaintext.getOutputStream().write(7);
                while (scene.enforcement.places().held() < 3) {
                    Thread.onSpinWait();
                }
                assertThat(inbound.isDone()).isFalse();

                scene.state.replace(mesh().build());

                assertThat(ShareScene.answer(outbound)).isZero();
                assertThat(plaintext.getInputStream().read()).isEqualTo(7);
                assertThat(inbound.await().isSuccess()).isTrue();
            }
        }
    }
}
