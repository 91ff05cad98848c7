package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Hook;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.IptablesRules;
import io.inpod.iptables.backend.internal.tools.Programs;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of both families together: which connections pass, which are rejected, and what remains after removal. */
@Pods(2)
class PodRulesKernelTest {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4);
    private static final InPodRedirection V6 = InPodRedirection.of(IpFamily.V6);

    private static InetAddress address(IpFamily family, int pod) {
        return IpPrefix.parse(family == IpFamily.V4 ? "10.77.0." + (2 + pod) : "fd77::" + (2 + pod)).address();
    }

    private static void giveIpv6(PodNetwork network) throws IOException {
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", address(IpFamily.V6, i), 64);
            }
        }
    }

    private static void connect(NetworkNamespace from, InetAddress to) throws IOException {
        try (SocketChannel client = JdkChannels.client(from, SocketOptions.NONE)) {
            client.socket().connect(new InetSocketAddress(to, 8080), 30_000);
        }
    }

    @ParameterizedTest
    @CsvSource({"V4, netlink", "V6, netlink", "V6, netlink-inet", "V4, netlink-inet", "V6, iptables-legacy"})
    void theFamilyThatIsOffIsRejectedInBothDirectionsButOnLoopback(IpFamily off, String backend, PodNetwork network) throws Exception {
        giveIpv6(network);
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        InetSocketAddress everywhere = new InetSocketAddress(8080);
        try (ServerSocketChannel here = JdkChannels.listen(pod, SocketOptions.NONE, everywhere);
                ServerSocketChannel there = JdkChannels.listen(peer, SocketOptions.NONE, everywhere)) {
            assertThat(here.isOpen() && there.isOpen()).isTrue();
            connect(pod, address(off, 1));
            connect(peer, address(off, 0));
            new PodRulesChange(PodRules.of(off == IpFamily.V4 ? V6 : V4), List.of(Backends.named(backend).orElseThrow()), reason -> {
            }).install(pod);
            assertThatThrownBy(() -> connect(pod, address(off, 1))).isInstanceOf(ConnectException.class).hasMessageContaining("refused");
            assertThatThrownBy(() -> connect(peer, address(off, 0))).isInstanceOf(ConnectException.class).hasMessageContaining("refused");
            assertThatCode(() -> connect(pod, off.loopback())).doesNotThrowAnyException();
            assertThatCode(() -> connect(pod, address(off, 0))).doesNotThrowAnyException();
        }
    }

    /** The listing is exactly the golden one plus the guard's rules. */
    @ParameterizedTest
    @EnumSource(IpFamily.class)
    void theGuardStandsBesideTheGoldenListing(IpFamily family, PodNetwork network) throws Exception {
        NetworkNamespace plain = network.pod(0).namespace();
        NetworkNamespace pod = network.pod(1).namespace();
        new IptablesRules(InPodRedirection.of(family).ruleSet()).install(plain);
        PodRulesChange change = new PodRulesChange(PodRules.of(V4, V6));
        change.install(pod);
        change.verify(pod);
        var listing = Kernel.listing(pod, Programs.iptables(family) + "-save");
        var golden = Kernel.listing(plain, Programs.iptables(family) + "-save");
        List<String> guards = new ArrayList<>(List.of("mangle POSTROUTING", "mangle INPOD_GUARD", "mangle INPUT", "mangle INPOD_INBOUND",
                "mangle INPOD_ADMIT", "mangle INPOD_PORTS"));
        if (family == IpFamily.V6) {
            golden.get("nat OUTPUT").add(0, "-d fe80::/10 -p tcp -j INPOD_LINK"); // only what can't be redirected
            guards.addAll(List.of("nat INPOD_LINK", "filter OUTPUT", "filter INPOD_LINK"));
        }
        assertThat(listing).containsAllEntriesOf(golden);
        listing.keySet().removeAll(golden.keySet());
        assertThat(listing).containsOnlyKeys(guards.toArray(String[]::new));
        change.remove(pod);
        assertThat(Kernel.listing(pod, Programs.iptables(family) + "-save")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables-nft", "netlink"})
    void everyVersionIsReplacedWhole(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules[] versions = {PodRules.of(V4, V6), PodRules.of(V4), PodRules.of(V4, V6).withGuard(false), PodRules.of(V6),
            PodRules.of(V4.withProfile(InPodRedirection.Profile.TPROXY), V6.withDnsCapture(true)),
            PodRules.of(V4.withIngress(true).withVirtualInterfaces(List.of("br0")), V6.withIngress(true))};
        for (int index : new int[] {0, 1, 0, 2, 1, 3, 2, 4, 3, 0, 4, 1, 5, 0, 5, 2}) {
            PodRules version = versions[index];
            PodRulesChange change = new PodRulesChange(version, List.of(Backends.named(backend).orElseThrow()), reason -> {
            });
            change.install(pod);
            for (IpFamily family : IpFamily.values()) {
                boolean redirected = version.redirection(family).isPresent();
                assertThat(Kernel.listing(pod, Programs.iptables(family) + "-save").keySet())
                        .allMatch(chain -> chain.contains("INPOD_GUARD") || chain.contains("INPOD_INBOUND") || chain.contains("INPOD_ADMIT") || chain.contains("INPOD_PORTS") || chain.contains("INPOD_FORWARD") || chain.contains("INPOD_LINK") || chain.contains("ISTIO_") || chain.contains("INPOD_REJECT")
                                || Hook.isName(chain.substring(chain.indexOf(' ') + 1)))
                        .anyMatch(chain -> chain.contains(redirected ? "ISTIO_" : "REJECT"))
                        .noneMatch(chain -> chain.contains(redirected ? "REJECT" : "ISTIO_"))
                        .noneMatch(chain -> !version.guard() && redirected && chain.contains("INPOD_"));
            }
            change.verify(pod);
        }
    }

    /** Every part of the guard is compared. Everything that the current version installs is removed again. */
    @ParameterizedTest
    @CsvSource(delimiter = ':', value = {
        "iptables-nft    : iptables -t mangle -D INPOD_FORWARD 3; iptables -t mangle -D INPOD_GUARD 4; iptables -t mangle -F FORWARD",
        "netlink         : iptables -t mangle -D INPOD_FORWARD 3; iptables -t mangle -D INPOD_GUARD 4; iptables -t mangle -F FORWARD",
        "iptables-legacy : iptables-legacy -t mangle -D INPOD_FORWARD 3; iptables-legacy -t mangle -D INPOD_GUARD 4; iptables-legacy -t mangle -F FORWARD",
        "netlink-inet    : nft flush chain inet istio-ambient-mangle forward; for chain in guard forward; do nft -a list chain inet istio-ambient-mangle inpod-$chain "
                + "| sed -n '/br0/s/.*# handle/handle/p; /fib/s/.*# handle/handle/p' | xargs -n2 nft delete rule inet istio-ambient-mangle inpod-$chain; done",
    })
    void anOlderGuardIsADifferenceAndReplaced(String backend, String downgrade, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRulesChange change = new PodRulesChange(PodRules.of(V4.withIngress(true).withVirtualInterfaces(List.of("br0")), V6),
                List.of(Backends.named(backend).orElseThrow()), reason -> {
                });
        change.install(pod);
        change.verify(pod);
        Tool.run(pod, "sh", "-ec", downgrade);
        assertThat(change.diff(pod)).hasSize(3).anyMatch(text -> text.contains("FORWARD") || text.contains("forward")).anyMatch(text -> text.contains("br0"))
                .anyMatch(text -> text.contains("src-type"));
        change.install(pod);
        change.verify(pod);
        change.remove(pod);
        for (String list : List.of("iptables-save", "ip6tables-save", "iptables-legacy-save", "nft list ruleset")) {
            assertThat(Tool.run(pod, list.split(" "))).doesNotContain("INPOD", "ISTIO", "inpod", "istio");
        }
    }

    @Test
    void theNodesOwnNamespaceIsRefused() throws Exception {
        try (NetworkNamespace own = NetworkNamespace.initial()) {
            PodRulesChange change = new PodRulesChange(PodRules.of(V4, V6));
            assertThatThrownBy(() -> change.install(own)).isInstanceOf(IOException.class).hasMessageContaining("would cut off the node");
            assertThat(Kernel.run(own, "", "iptables-save")).doesNotContain("ISTIO_");
        }
    }
}
