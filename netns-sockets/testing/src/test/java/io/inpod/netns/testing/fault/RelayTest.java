package io.inpod.netns.testing.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;

/** What faults do to the network around them: nothing. */
@SuppressWarnings("try") // a fault is in effect without being used
class RelayTest {
    /** Faster than the relay can be: what it can't take at once must wait in its ring. */
    @Test
    @Pods(2)
    void theRelayItselfLosesNothing(PodNetwork network) throws Exception {
        byte[] sent = new byte[16_000_000];
        new Random(1).nextBytes(sent);
        Pod a = network.pod(0);
        Pod b = network.pod(1);
        try (Connected pair = Connected.between(a, b); Fault delay = network.between(a, b).delay(Duration.ofMillis(1))) {
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(pair, sent));
            assertThat(pair.server().getInputStream().readNBytes(sent.length)).isEqualTo(sent);
            writer.join();
            assertThat(delay.hits()).as("packets, not what the kernel sends in one piece").isGreaterThan(sent.length / 1500);
            assertThat(network.faults().toString()).doesNotContain("lost");
        }
    }

    private static void write(Connected pair, byte[] bytes) {
        try {
            OutputStream out = pair.client().getOutputStream();
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Pods(2)
    void theNodeSeesTheSameLinkAndConnectionsGoOn(PodNetwork network) throws Exception {
        Pod a = network.pod(0);
        Pod b = network.pod(1);
        try (Connected pair = Connected.between(a, b); Rtnetlink atNode = Rtnetlink.open(network.node())) {
            pair.exchange();
            var bridge = atNode.links().get(PodNetwork.BRIDGE);
            var link = atNode.links().get(a.link());
            network.around(a).drop(0).close();

            assertThat(atNode.links().get(PodNetwork.BRIDGE)).isEqualTo(bridge);
            assertThat(atNode.links().get(a.link()).address()).isEqualTo(link.address());
            assertThat(atNode.links().get(a.link()).master()).isEqualTo(bridge.index());
            pair.exchange();
        }
    }

    @Test
    @Pods(2)
    void aPodWithoutALinkIsStillTakenDown(PodNetwork network) throws Exception {
        Pod a = network.pod(0);
        Fault fault = network.around(a).partition();
        Tool.run(a.namespace(), "ip", "link", "delete", "eth0");
        fault.close();
    }

    @Test
    @Pods(1)
    void withoutABridgeTheErrorSaysSo(PodNetwork network) throws Exception {
        try (Rtnetlink atNode = Rtnetlink.open(network.node())) {
            atNode.links().clearMaster(network.pod(0).link());
        }
        assertThatThrownBy(() -> network.around(network.pod(0)).partition()).isInstanceOf(IllegalStateException.class)
                .hasMessage("veth0 of pod-0 belongs to no bridge: faults need one, see setMaster");
    }

    @Test
    void faultsEndWithTheNetwork() throws Exception {
        Privilege.NAMESPACES.require();
        LeakCheck leaks = LeakCheck.begin();
        Fault fault;
        try (PodNetwork network = PodNetwork.create(2)) {
            fault = network.between(network.pod(0), network.pod(1)).delay(Duration.ofDays(1));
            try (Datagrams datagrams = Datagrams.between(network.pod(0), network.pod(1))) {
                datagrams.send(1, 100);
                fault.awaitHits(1, Datagrams.LIMIT);
            }
        }
        fault.close();
        fault.close();
        assertThat(fault.hits()).isGreaterThan(0);
        leaks.verify();
    }

    @Pods(2)
    static class Fails {
        @Test
        void because(PodNetwork network) {
            network.between(network.pod(0), network.pod(1)).seed(42).drop(0.5);
            throw new AssertionError("something else");
        }
    }

    @Test
    void aFailureNamesTheFaultsAndTheirSeed() {
        Privilege.NAMESPACES.require();
        Throwable failure = EngineTestKit.engine("junit-jupiter").selectors(selectClass(Fails.class)).execute().testEvents().failed().stream()
                .flatMap(event -> event.getPayload(TestExecutionResult.class).stream()).flatMap(result -> result.getThrowable().stream())
                .findFirst().orElseThrow();

        assertThat(failure).hasMessage("something else");
        assertThat(failure.getSuppressed()[0].getMessage()).matches("faults, to be repeated with -Dinpod.faults.seed=-?\\d+: "
                + "50.0 % of packets dropped between pod-0 and pod-1 \\(seed 42\\): \\d+ of \\d+ packets");
    }
}
