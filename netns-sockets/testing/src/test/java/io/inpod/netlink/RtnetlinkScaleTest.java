package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many entries, which change while they are listed, through large and tiny buffers. */
@Pods(1)
@Timeout(120)
class RtnetlinkScaleTest {
    private static List<Route> thousandRoutes() throws IOException {
        List<Route> routes = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            InetAddress network = InetAddress.getByAddress(new byte[] {10, (byte) (100 + i / 250), (byte) (i % 250), 0});
            routes.add(new Route(IpFamily.V4, Route.Type.UNICAST, network, 24, null, "eth0", 100));
        }
        return routes;
    }

    private static List<PolicyRule> rules(int count) {
        return IntStream.range(0, count).mapToObj(i -> new PolicyRule(IpFamily.V4, 1000 + i, i + 1, -1, 100)).toList();
    }

    @Test
    void aThousandRoutesInABatch(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        List<Route> routes = thousandRoutes();
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.routes().addAll(routes);
            assertThat(Tool.run(pod, "ip", "route", "show", "table", "100").lines()).hasSize(1000);
            assertThat(inside.routes().list(IpFamily.V4, 100)).containsExactlyElementsOf(routes);

            inside.routes().deleteAll(routes);
            assertThat(Tool.run(pod, "ip", "route", "show", "table", "100")).isEmpty();
        }
    }

    @Test
    void aThousandRoutesThroughASmallBuffer(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        List<Route> routes = thousandRoutes();
        try (Rtnetlink inside = new Rtnetlink(new NetlinkSocket(KernelTransport.open(pod, NetlinkSocket.ROUTE, 4096), "here"))) {
            inside.routes().addAll(routes);
            assertThat(inside.routes().list(IpFamily.V4, 100)).containsExactlyElementsOf(routes);

            assertThatThrownBy(() -> inside.routes().addAll(routes)).isInstanceOf(NetlinkException.class)
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(999));
            inside.routes().deleteAll(routes);
            assertThat(Tool.run(pod, "ip", "route", "show", "table", "100")).isEmpty();
        }
    }

    @Test
    void tenThousandRules(PodNetwork network) throws IOException {
        List<PolicyRule> rules = rules(10_000);
        try (Rtnetlink inside = Rtnetlink.open(network.pod(0).namespace())) {
            inside.rules().addAll(rules);

            assertThat(inside.rules().list(IpFamily.V4)).filteredOn(rule -> rule.table() == 100).containsExactlyElementsOf(rules);
        }
    }

    @Test
    void listsAreCompleteWhileTheyChange(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        List<PolicyRule> rules = rules(2000);
        try (Rtnetlink inside = Rtnetlink.open(pod); Rtnetlink other = Rtnetlink.open(pod)) {
            inside.rules().addAll(rules);
            CompletableFuture<Void> changes = CompletableFuture.runAsync(() -> {
                try {
                    for (int i = 0; i < 300; i++) {
                        PolicyRule first = new PolicyRule(IpFamily.V4, 1 + i % 3, 0x1, 0x1, 99);
                        other.rules().add(first);
                        other.links().createVeth("a0", "a1");
                        other.rules().delete(first);
                        other.links().delete("a0");
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            do {
                assertThat(inside.rules().list(IpFamily.V4)).filteredOn(rule -> rule.table() == 100).containsExactlyElementsOf(rules);
                assertThat(inside.links().list()).extracting(Link::name).contains("lo", "eth0").doesNotHaveDuplicates();
            } while (!changes.isDone());
            changes.get(1, TimeUnit.MINUTES);
        }
    }

    @Test
    void aListAfterOneThatFailedHalfWayIsComplete(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        List<PolicyRule> rules = rules(3000);
        KernelTransport kernel = KernelTransport.open(pod, NetlinkSocket.ROUTE, 1 << 20);
        FailingTransport failing = new FailingTransport(kernel);
        try (Rtnetlink inside = new Rtnetlink(new NetlinkSocket(failing, "here"))) {
            inside.rules().addAll(rules);
            failing.failAfter = 2;

            assertThatThrownBy(() -> inside.rules().list(IpFamily.V4)).hasMessage("as scripted");
            assertThat(inside.rules().list(IpFamily.V4)).filteredOn(rule -> rule.table() == 100).containsExactlyElementsOf(rules);
        }
    }

    /** Fails once, after a number of datagrams. */
    private static final class FailingTransport implements NetlinkTransport {
        private final NetlinkTransport kernel;
        private int failAfter = -1;

        FailingTransport(NetlinkTransport kernel) {
            this.kernel = kernel;
        }

        @Override
        public int port() {
            return kernel.port();
        }

        @Override
        public int receiveBytes() throws IOException {
            return kernel.receiveBytes();
        }

        @Override
        public void send(ByteBuffer messages) throws IOException {
            kernel.send(messages);
        }

        @Override
        public @Nullable ByteBuffer receive(int timeoutMillis) throws IOException {
            if (failAfter-- == 0) {
                throw new IOException("as scripted");
            }
            return kernel.receive(timeoutMillis);
        }

        @Override
        public void close() {
            kernel.close();
        }
    }
}
