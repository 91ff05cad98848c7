package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.NetworkEvent.AddressChanged;
import io.inpod.netlink.NetworkEvent.LinkChanged;
import io.inpod.netlink.NetworkEvent.Missed;
import io.inpod.netlink.NetworkEvent.NeighbourChanged;
import io.inpod.netlink.NetworkEvent.RouteChanged;
import io.inpod.netlink.NetworkEvent.RuleChanged;
import io.inpod.netlink.RtnetlinkWatch.Topic;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code ip} makes the changes. */
@Pods(1)
@Timeout(120)
class RtnetlinkWatchTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void changesAreReported(PodNetwork network) throws IOException {
        try (RtnetlinkWatch watch = RtnetlinkWatch.open(network.node(), EnumSet.allOf(Topic.class))) {
            Tool.run(network.node(), "ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1");
            Tool.run(network.node(), "ip", "link", "set", "a0", "name", "b0", "up");
            Tool.run(network.node(), "ip", "address", "add", "192.0.2.1/24", "dev", "b0");
            Tool.run(network.node(), "ip", "route", "add", "blackhole", "10.5.0.0/16");
            Tool.run(network.node(), "ip", "-6", "rule", "add", "pref", "7", "fwmark", "1", "lookup", "100");
            Tool.run(network.node(), "ip", "neighbour", "add", "192.0.2.7", "lladdr", "02:00:5e:00:53:01", "dev", "b0");
            Tool.run(network.node(), "ip", "neighbour", "del", "192.0.2.7", "dev", "b0");
            Tool.run(network.node(), "ip", "-6", "rule", "del", "pref", "7");
            Tool.run(network.node(), "ip", "link", "del", "b0");

            List<NetworkEvent> events = new ArrayList<>();
            do {
                events.add(watch.next(LIMIT));
            } while (!isDeletionOfB0(events.get(events.size() - 1)));

            assertThat(events).anyMatch(event -> event instanceof LinkChanged changed && changed.link().name().equals("a1") && !changed.gone());
            PolicyRule rule = new PolicyRule(IpFamily.V6, 7, 1, -1, 100);
            Neighbour neighbour = Neighbour.permanent("b0", InetAddress.getByName("192.0.2.7"), MacAddress.of("02:00:5e:00:53:01"));
            assertThat(events).containsSubsequence(
                    new AddressChanged(new LinkAddress("b0", InetAddress.getByName("192.0.2.1"), 24), false),
                    new RouteChanged(new Route(IpFamily.V4, Route.Type.BLACKHOLE, InetAddress.getByName("10.5.0.0"), 16, null, null, Route.MAIN), false),
                    new RuleChanged(rule, false),
                    new NeighbourChanged(neighbour, false));
            assertThat(events).contains(new RuleChanged(rule, true));
            assertThat(events).anyMatch(event -> event instanceof NeighbourChanged changed && changed.neighbour().link().equals("b0")
                    && changed.neighbour().state() != Neighbour.State.PERMANENT);
        }
    }

    private static boolean isDeletionOfB0(NetworkEvent event) {
        return event instanceof LinkChanged changed && changed.gone() && changed.link().name().equals("b0");
    }

    @Test
    void onlyRequestedTopicsAreReported(PodNetwork network) throws IOException {
        try (RtnetlinkWatch watch = RtnetlinkWatch.open(network.node(), Set.of(Topic.RULES))) {
            Tool.run(network.node(), "ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1");
            Tool.run(network.node(), "ip", "rule", "add", "pref", "7", "fwmark", "1", "lookup", "100");

            assertThat(watch.next(LIMIT)).isInstanceOf(RuleChanged.class);
            assertThatThrownBy(() -> watch.next(Duration.ofMillis(1))).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void missedChangesAreReported(PodNetwork network) throws IOException {
        KernelTransport small = KernelTransport.open(network.node(), NetlinkSocket.ROUTE, 1, 8);
        try (Rtnetlink node = Rtnetlink.open(network.node());
                RtnetlinkWatch watch = new RtnetlinkWatch(new NetlinkSubscription(small), Set.of(Topic.RULES), Rtnetlink.open(network.node()))) {
            node.rules().addAll(IntStream.range(100, 200).mapToObj(i -> new PolicyRule(IpFamily.V4, i, i, -1, 100)).toList());

            assertThat(watch.next(LIMIT)).isInstanceOf(Missed.class);
            assertThat(watch.next(LIMIT)).as("events that fitted can still be read").isInstanceOf(RuleChanged.class);
        }
    }

    @Test
    void closingEndsAWaitingThread() throws Exception {
        RtnetlinkWatch watch;
        String name;
        try (NetworkNamespace quiet = NetworkNamespace.create()) {
            watch = RtnetlinkWatch.open(quiet, Set.of(Topic.RULES));
            name = quiet.toString();
        }
        CompletableFuture<Path> started = new CompletableFuture<>();
        CompletableFuture<NetworkEvent> result = CompletableFuture.supplyAsync(() -> {
            try {
                started.complete(Path.of("/proc/thread-self").toRealPath());
                return watch.next(Duration.ZERO);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Path waiter = started.get();
        while (!Files.readString(waiter.resolve("stat")).replaceFirst(".*\\) ", "").startsWith("S")) {
            Thread.onSpinWait(); // until it sleeps in poll(2)
        }
        watch.close();

        assertThatThrownBy(() -> result.get(20, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class)
                .hasRootCauseInstanceOf(AlreadyClosedException.class).hasRootCauseMessage("the netlink socket of " + name + " is closed");
        assertThatThrownBy(() -> watch.next(LIMIT)).isInstanceOf(AlreadyClosedException.class).hasMessageContaining(name);
    }
}
