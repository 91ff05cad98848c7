package io.inpod.examples.nodeagent;

import static io.inpod.examples.nodeagent.Scene.failureOf;
import static io.inpod.netns.testing.Tool.pathOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.enrol.Delays;
import io.inpod.examples.nodeagent.enrol.FailedEnrolment;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.Redirection;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whichever step of an enrolment fails, the pod is closed: its connections are refused, and it is served when the reason has gone. */
@Pods(2)
class FailedEnrolmentTest {
    private static final NamespaceChange REAL = new PodRedirection(Profile.REDIRECT, false, true).change();

    @TempDir
    Path directory;

    private Scene scene(NamespaceChange redirection) throws IOException {
        return new Scene(directory, redirection, Duration.ofSeconds(10));
    }

    /** The other pod has a server, which a pod without redirection reaches. */
    private static void assertConnects(PodNetwork network, boolean reaches) throws IOException {
        try (ServerSocketChannel server = network.pod(1).namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress(8080));
            try (SocketChannel client = network.pod(0).namespace().<SocketChannel, IOException>call(SocketChannel::open)) {
                InetSocketAddress to = new InetSocketAddress(network.pod(1).address(), 8080);
                if (reaches) {
                    client.connect(to);
                } else {
                    assertThatThrownBy(() -> client.connect(to)).isInstanceOf(ConnectException.class);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Profile.class)
    void aPodThatTheProxyRefusesIsClosedAndServedLater(Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        assertConnects(network, true);
        try (Scene scene = scene(new PodRedirection(profile, false, true).change()); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            Future<Void> added = scene.adding("u1", pod);
            proxy.expectAdd(pod, "u1");
            proxy.nack();
            assertThat(failureOf(added)).hasMessageContaining("step \"hand it to the proxy\" failed").hasMessageContaining("boom")
                    .hasMessageEndingWith("the pod stays closed, and its enrolment is retried");
            Traces.assertRedirected(pod);
            assertConnects(network, false);
            assertThat(scene.state("u1").kind()).isEqualTo(PodState.Kind.CLOSED);
            assertThat(scene.state("u1").reason()).contains("boom");

            Future<?> again = scene.next();
            proxy.expectAdd(pod, "u1");
            proxy.nack();
            again.get();
            again = scene.next();
            proxy.expectAdd(pod, "u1");
            proxy.ack();
            scene.awaitState("u1", PodState.Kind.SERVED);

            assertThat(scene.pauses).containsExactly(Delays.FIRST, Delays.FIRST.multipliedBy(2));
            assertThat(scene.later).isEmpty();
        }
    }

    @Test
    void pausesHaveALimit() {
        Duration pause = Delays.FIRST;
        for (int i = 0; i < 100; i++) {
            pause = Delays.next(pause);
        }
        assertThat(pause).isEqualTo(Delays.LONGEST);
    }

    @Test
    void withoutAProxyThePodIsClosedAndTheNextOneGetsIt(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = new Scene(directory, REAL, Duration.ofMillis(50))) {
            assertThatThrownBy(() -> scene.add("u1", pathOf(pod)))
                    .hasMessageContaining("step \"find a proxy\" failed").hasMessageContaining("the pod stays closed");
            assertConnects(network, false);
            try (FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectAdd(pod, "u1");
                proxy.ack();
                proxy.expectSnapshot();
                scene.awaitState("u1", PodState.Kind.SERVED);
            }
        }
    }

    @Test
    void aProxyThatRefusesAPodWhenItConnectsIsNoted(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = scene(REAL)) {
            try (FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectSnapshot();
                Future<Void> added = scene.adding("u1", pod);
                proxy.expectAdd(pod, "u1");
                proxy.ack();
                added.get();
            }
            try (FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectAdd(pod, "u1");
                proxy.nack();
                proxy.expectSnapshot();
                scene.awaitReason("u1", "boom");
                Future<?> again = scene.next();
                proxy.expectAdd(pod, "u1");
                proxy.ack();
                scene.awaitState("u1", PodState.Kind.SERVED);
            }
        }
    }

    /** Like the next version of a proxy that can't take over the older one's ports. */
    @ParameterizedTest
    @EnumSource(FailedEnrolment.class)
    void aPodThatOnlyAnOlderProxyServesStaysServed(FailedEnrolment policy, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = new Scene(directory, overrides -> REAL, policy, Duration.ofSeconds(10))) {
            FakeProxy older = new FakeProxy(scene.server, scene.socket);
            older.expectSnapshot();
            Future<Void> added = scene.adding("u1", pod);
            older.expectAdd(pod, "u1");
            older.ack();
            added.get();
            try (FakeProxy newer = new FakeProxy(scene.server, scene.socket)) {
                newer.expectAdd(pod, "u1");
                newer.nack();
                newer.expectSnapshot();
                newer.expectAdd(pod, "u1");
                newer.nack();
                scene.awaitReason("u1", "an older proxy serves it");
                assertThat(scene.state("u1")).satisfies(state -> assertThat(state.served()).isTrue())
                        .satisfies(state -> assertThat(state.reason()).contains("boom"));
                Traces.assertRedirected(pod);

                older.leave();
                newer.expectAdd(pod, "u1");
                newer.ack();
                while (!scene.state("u1").equals(PodState.SERVED)) {
                    Thread.sleep(1);
                }
            }
        }
    }

    /** For example because the next proxy's cgroup has gone again, or the pod's limit of rules is reached. */
    @Test
    void aPodWhoseRulesCannotBeReplacedIsShownWithTheReasonAndRetried(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        AtomicReference<NamespaceChange> wanted = new AtomicReference<>(REAL);
        try (Scene scene = new Scene(directory, overrides -> wanted.get(), Duration.ofSeconds(10)); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            Future<Void> added = scene.adding("u1", pod);
            proxy.expectAdd(pod, "u1");
            proxy.ack();
            added.get();

            wanted.set(Redirection.of(REAL, new Unfit()));
            scene.reconciler.updateRules();
            assertThat(scene.awaitState("u1", PodState.Kind.CLOSED).reason()).startsWith("its rules can't be replaced: ").contains("no such rules");
            assertConnects(network, false);
            Traces.assertRedirected(pod);

            wanted.set(REAL);
            scene.next().get();
            scene.awaitState("u1", PodState.Kind.SERVED);
            Traces.assertRedirected(pod);
        }
    }

    /** A change that isn't installed and can't be. */
    private record Unfit() implements NamespaceChange {
        @Override
        public void install(NetworkNamespace namespace) throws IOException {
            throw new IOException("no such rules");
        }

        @Override
        public void verify(NetworkNamespace namespace) throws IOException {
            throw new IOException("not installed");
        }

        @Override
        public void remove(NetworkNamespace namespace) {
            // was never there
        }
    }

    @Test
    void aPodWhoseRoutingIsTakenIsClosedByItsRules(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "ip", "rule", "add", "pref", "32764", "fwmark", "7", "lookup", "main");
        try (Scene scene = scene(REAL); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            assertThatThrownBy(() -> scene.add("u1", pathOf(pod)))
                    .hasMessageContaining("install routing and rules").hasMessageContaining("32764").hasMessageContaining("the pod stays closed");
            assertConnects(network, false);

            Tool.run(pod, "ip", "rule", "del", "pref", "32764", "fwmark", "7", "lookup", "main");
            Future<?> again = scene.next();
            proxy.expectAdd(pod, "u1");
            proxy.ack();
            scene.awaitState("u1", PodState.Kind.SERVED);
            Traces.assertRedirected(pod);

            Future<Void> deleted = scene.deleting("u1");
            proxy.expectDel("u1");
            proxy.ack();
            deleted.get();
        }
        Traces.assertClean(pod);
        assertConnects(network, true);
    }

    @Test
    void aRedirectionThatFailsItsCheckStays(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = scene(Redirection.of(REAL, new Breaking("verify")))) {
            assertThatThrownBy(() -> scene.add("u1", pathOf(pod)))
                    .hasMessageContaining("broken verify").hasMessageContaining("the pod stays closed");
            assertConnects(network, false);
            assertThat(scene.state("u1").kind()).isEqualTo(PodState.Kind.CLOSED);
        }
    }

    @Test
    void aDeletedPodIsNotRetried(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = new Scene(directory, REAL, Duration.ofMillis(50))) {
            assertThatThrownBy(() -> scene.add("u1", pathOf(pod))).isInstanceOf(AgentException.class);
            scene.delete("u1", null);
            scene.next().get();
            assertThat(scene.list()).isEmpty();
            assertThat(scene.later).isEmpty();
        }
        Traces.assertClean(pod);
    }
}
