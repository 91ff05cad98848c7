package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.inpod.netlink.qdisc.LinkQdisc;
import io.inpod.netlink.qdisc.Netem;
import io.inpod.netlink.qdisc.Qdisc;
import io.inpod.netlink.qdisc.Qdiscs;
import io.inpod.netlink.qdisc.Tbf;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Queueing disciplines as {@code tc} lists them. RecordedRequestsTest compares netem's request where the kernel has no netem. */
@Pods(0)
@Timeout(120)
class QdiscsTest {
    private NetworkNamespace pod;
    private Qdiscs qdiscs;

    @BeforeEach
    void open() throws IOException {
        pod = NetworkNamespace.create();
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            network.links().create(NewLink.veth("v0", "v1").up());
            network.links().up("v1");
        }
        qdiscs = Qdiscs.open(pod);
    }

    @AfterEach
    void close() {
        qdiscs.close();
        pod.close();
    }

    private String tc() throws IOException {
        return Tool.run(pod, "tc", "-s", "qdisc", "show", "dev", "v0").replaceAll("\\s+", " ");
    }

    private List<LinkQdisc> listed() throws IOException {
        return qdiscs.list().stream().filter(found -> found.link().equals("v0")).toList();
    }

    @Test
    void tbfComesAndGoes() throws IOException {
        assertThat(listed()).singleElement().satisfies(own -> assertThat(own.qdisc()).isInstanceOf(Qdisc.Other.class));
        assertThat(qdiscs.delete("v0")).as("the kernel's own").isFalse();
        Tbf megabit = Tbf.of(1_000_000, 10_000, Duration.ofMillis(50));

        qdiscs.add("v0", megabit);

        assertThat(tc()).contains("qdisc tbf", "root", "rate 1Mbit", "burst 10000b", "lat 50ms");
        assertThat(megabit).isEqualTo(new Tbf(125_000, 10_000, 16_250));
        assertThat(listed()).singleElement().satisfies(ours -> {
            assertThat(ours.qdisc()).isEqualTo(megabit);
            assertThat(ours.isRoot()).isTrue();
            assertThat(ours.handle()).isNotZero();
        });
        assertThatThrownBy(() -> qdiscs.add("v0", megabit)).isInstanceOfSatisfying(NetlinkException.class, e -> assertThat(e.alreadyExists()).isTrue());
        qdiscs.replace("v0", new Tbf(8_000_000_000L, 100_000, 4_000_000_000L));
        assertThat(tc()).contains("rate 64Gbit");
        assertThat(listed()).extracting(LinkQdisc::qdisc).singleElement().isInstanceOfSatisfying(Tbf.class, fast -> {
            assertThat(fast.rate()).isEqualTo(8_000_000_000L);
            assertThat(fast.limit()).isEqualTo(4_000_000_000L);
        });
        assertThat(qdiscs.delete("v0")).isTrue();
        assertThat(tc()).doesNotContain("tbf");
    }

    @Test
    void whatItDropsIsCounted() throws IOException {
        Tool.run(pod, "ip", "addr", "add", "10.9.0.1/24", "dev", "v0");
        Tool.run(pod, "ip", "neigh", "add", "10.9.0.2", "lladdr", "02:00:5e:00:53:02", "dev", "v0", "nud", "permanent");
        qdiscs.add("v0", new Tbf(1000, 2000, 3000));
        pod.run(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                for (int i = 0; i < 100; i++) {
                    socket.send(new DatagramPacket(new byte[1000], 1000, InetAddress.getByName("10.9.0.2"), 9));
                }
            }
        });

        LinkQdisc ours = listed().get(0);
        assertThat(ours.dropped()).isGreaterThan(50);
        assertThat(ours.queuedPackets()).isPositive();
        assertThat(ours.queuedBytes()).isGreaterThan(1000);
        assertThat(tc()).contains("dropped " + ours.dropped());
    }

    @Test
    void netem() throws IOException {
        Netem bad = Netem.NONE.withDelay(Duration.ofMillis(80), Duration.ofMillis(10)).withLoss(50).withDuplicate(25).withReorder(25).withCorrupt(12.5).withRate(1_000_000);
        try {
            qdiscs.add("v0", bad);
        } catch (NetlinkException e) {
            assertThat(e).hasMessageContaining("CONFIG_NET_SCH_NETEM");
            assumeTrue(e.errno() != 2, "the kernel has no netem");
            throw e;
        }
        assertThat(tc()).contains("netem limit 1000 delay 80ms 10ms loss 50% duplicate 25% reorder 25% corrupt 12.5% rate 8Mbit");
        assertThat(((Netem) listed().get(0).qdisc()).delay()).isEqualTo(Duration.ofMillis(80));
    }

    @Test
    void whatTheKernelWouldRefuseOrChangeIsRefusedByName() {
        refused("rate", "at least 1", () -> new Tbf(0, 1, 1));
        refused("burst", "1 to 4294", () -> new Tbf(1000, 4300, 1));
        refused("limit", "1 to 4294967295", () -> new Tbf(1000, 1, 0));
        refused("latency", "0 to", () -> Tbf.of(8000, 1000, Duration.ofSeconds(-1)));
        refused("burst", "1514 or more", () -> qdiscs.add("v0", new Tbf(1000, 1513, 5000)));
        refused("delay", "0 to 274 s", () -> Netem.NONE.withDelay(Duration.ofSeconds(275), Duration.ZERO));
        refused("jitter", "0 to 274 s", () -> Netem.NONE.withDelay(Duration.ZERO, Duration.ofSeconds(-1)));
        refused("loss", "0 to 100 %", () -> Netem.NONE.withLoss(100.5));
        refused("corrupt", "0 to 100 %", () -> Netem.NONE.withCorrupt(Double.NaN));
        refused("reorder", "delay", () -> Netem.NONE.withReorder(5));
        refused("limit", "1 to 4294967295", () -> Netem.NONE.withLimit(0));
        refused("fq", "not added", () -> qdiscs.add("v0", new Qdisc.Other("fq")));
    }

    private static void refused(String name, String range, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name).hasMessageContaining(range);
    }
}
