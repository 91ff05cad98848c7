package io.inpod.iptables.backend.guarantee;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.internal.tools.Programs;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.backend.pod.WireTap;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A foreign program disables the redirection of new connections: do they then leave the pod, or enter it? */
class PodEscapeKernelTest {
    private static final int PORT = 8080;
    /** Provides only addresses and interfaces, so that a test can have a nested machine behind br0 that the rules don't list. */
    private static final PodRules SURROUNDINGS = PodRules.of(redirection(IpFamily.V4).withVirtualInterfaces(List.of("br0")), redirection(IpFamily.V6));
    private static final String FLUSH = "iptables -t nat -F OUTPUT; ip6tables -t nat -F OUTPUT";
    private static final String FLUSH_LEGACY = "iptables-legacy -t nat -F ISTIO_OUTPUT; ip6tables-legacy -t nat -F ISTIO_OUTPUT";
    private static final String FLUSH_INET = "nft flush chain inet istio-ambient-nat output";
    private static final String FLUSH_INBOUND = "iptables -t nat -F PREROUTING";
    private static final String DIVERT = "iptables -t nat -I OUTPUT -p tcp --dport 80 -j DNAT --to 192.0.2.1:8080; "
            + "ip6tables -t nat -I OUTPUT -p tcp --dport 80 -j DNAT --to [2001:db8::1]:8080";
    private static final String DIVERT_BY_NFT = "nft 'table ip other { chain out { type nat hook output priority -110; tcp dport 80 dnat to 192.0.2.1:8080; }; }; "
            + "table ip6 other { chain out { type nat hook output priority -110; tcp dport 80 dnat to [2001:db8::1]:8080; }; }'";

    /** Sends a first segment with an IPv6 source that isn't the pod's; an ordinary process may. */
    private static final String FOREIGN_SOURCE = """
            import socket, sys
            s = socket.socket(socket.AF_INET6)
            s.setsockopt(socket.IPPROTO_IPV6, 78, 1) # IPV6_FREEBIND
            s.bind((sys.argv[1], int(sys.argv[3])))
            s.setblocking(False)
            try:
                s.connect((sys.argv[2], int(sys.argv[4])))
            except BlockingIOError:
                pass
            """;

    /** Sends a first segment by a source route whose first hop is the pod itself, so that the pod forwards it; an ordinary process may. */
    private static final String SOURCE_ROUTE = """
            import socket, struct, sys
            pod, there = (socket.inet_pton(socket.AF_INET6, address) for address in sys.argv[1:])
            s = socket.socket(socket.AF_INET6)
            s.setsockopt(socket.IPPROTO_IPV6, 78, 1) # IPV6_FREEBIND
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, struct.pack("!BBBBBBH", 0, 4, 4, 1, 1, 0, 0) + there + pod)
            s.bind(("2001:db8:f::9", 4445))
            s.setblocking(False)
            try:
                s.connect((sys.argv[2], 8080))
            except BlockingIOError:
                pass
            """;
    private static final String ITS_PORTS = String.format("%04x%04x", 4445, PORT);

    private static InPodRedirection redirection(IpFamily family) {
        return InPodRedirection.of(family);
    }

    private static void install(NetworkNamespace pod, PodRules rules, String backend) throws IOException {
        new PodRulesChange(rules, List.of(Backends.named(backend).orElseThrow()), reason -> {
        }).install(pod);
    }

    private static void does(NetworkNamespace pod, String change) throws Exception {
        Tool.run(pod, "sh", "-ec", change);
    }

    /** Starts a connection and returns whether its first packet leaves through an interface of the pod. */
    private static boolean leaves(PodTwin twin, String link, NetworkNamespace from, InetSocketAddress to, int seen) throws IOException {
        try (WireTap wire = WireTap.on(twin.pod(), link); SocketChannel app = JdkChannels.client(from, SocketOptions.NONE)) {
            app.configureBlocking(false);
            app.connect(to);
            return WireTap.shows(wire.drain(from, to.getAddress()), to.getAddress(), seen);
        }
    }

    /** Without the guard a connection of either family leaves in plaintext; with it, none does. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netlink         | REDIRECT | 8080 | " + FLUSH,
        "netlink         | TPROXY   | 8080 | " + FLUSH,
        "iptables-nft    | REDIRECT | 8080 | " + FLUSH,
        "iptables-legacy | REDIRECT | 8080 | " + FLUSH_LEGACY,
        "iptables-legacy | TPROXY   | 8080 | " + FLUSH_LEGACY,
        "nft             | REDIRECT | 8080 | " + FLUSH_INET,
        "netlink-inet    | TPROXY   | 8080 | " + FLUSH_INET,
        "netlink         | REDIRECT | 80   | " + DIVERT,
        "netlink         | TPROXY   | 80   | " + DIVERT_BY_NFT,
        "iptables-legacy | REDIRECT | 80   | " + DIVERT_BY_NFT,
        "netlink-inet    | REDIRECT | 80   | " + DIVERT,
        "nft             | TPROXY   | 80   | " + DIVERT_BY_NFT,
    })
    void whatIsNotRedirectedLeavesOnlyWithoutTheGuard(String backend, Profile profile, int port, String change) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withProfile(profile), redirection(IpFamily.V6).withProfile(profile));
        for (boolean guard : new boolean[] {false, true}) {
            try (PodTwin twin = PodTwin.create(SURROUNDINGS)) {
                install(twin.pod(), rules.withGuard(guard), backend);
                does(twin.pod(), change);
                for (IpFamily family : IpFamily.values()) {
                    InetSocketAddress peer = new InetSocketAddress(twin.outsideAddress(family), port);
                    assertThat(leaves(twin, "eth0", twin.pod(), peer, PORT)).as("%s, guard %s", family, guard).isEqualTo(!guard);
                }
            }
        }
    }

    private static final String NAT_IN = "iptables -t nat -F ISTIO_PRERT; ip6tables -t nat -F ISTIO_PRERT";
    private static final String NAT_IN_LEGACY = "iptables-legacy -t nat -F PREROUTING; ip6tables-legacy -t nat -F PREROUTING";
    private static final String NAT_IN_INET = "nft flush chain inet istio-ambient-nat istio-prerouting";
    private static final String MANGLE_IN = "iptables -t mangle -F PREROUTING; ip6tables -t mangle -F PREROUTING";
    private static final String MANGLE_IN_LEGACY = "iptables-legacy -t mangle -F PREROUTING; ip6tables-legacy -t mangle -F PREROUTING";
    private static final String MANGLE_IN_INET = "nft flush chain inet istio-ambient-mangle prerouting";
    private static final String DIVERT_IN = "iptables -t nat -I PREROUTING -p tcp --dport 80 -j DNAT --to :8080; "
            + "ip6tables -t nat -I PREROUTING -p tcp --dport 80 -j DNAT --to :8080";
    private static final String UNTRACKED = "iptables -t raw -A PREROUTING -p tcp -j CT --notrack; ip6tables -t raw -A PREROUTING -p tcp -j CT --notrack";

    /** Without the guard a connection reaches the application and bypasses the proxy's policy; with it, none does. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netlink         | REDIRECT | 8080 | " + NAT_IN,
        "netlink         | REDIRECT | 80   | " + DIVERT_IN,
        "netlink         | REDIRECT | 8080 | " + UNTRACKED,
        "netlink         | TPROXY   | 8080 | " + MANGLE_IN,
        "iptables-nft    | TPROXY   | 8080 | " + MANGLE_IN,
        "iptables-legacy | REDIRECT | 8080 | " + NAT_IN_LEGACY,
        "iptables-legacy | TPROXY   | 8080 | " + MANGLE_IN_LEGACY,
        "nft             | REDIRECT | 8080 | " + NAT_IN_INET,
        "nft             | TPROXY   | 8080 | " + MANGLE_IN_INET,
        "netlink-inet    | REDIRECT | 80   | " + DIVERT_IN,
        "netlink-inet    | TPROXY   | 8080 | " + MANGLE_IN_INET,
    })
    void whatIsNotRedirectedArrivesOnlyWithoutTheGuard(String backend, Profile profile, int port, String change) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withProfile(profile), redirection(IpFamily.V6).withProfile(profile));
        for (boolean guard : new boolean[] {false, true}) {
            try (PodTwin twin = PodTwin.create(SURROUNDINGS);
                    ServerSocketChannel app = JdkChannels.listen(twin.pod(), SocketOptions.NONE, new InetSocketAddress("::", PORT))) {
                app.configureBlocking(!guard);
                install(twin.pod(), rules.withGuard(guard), backend);
                does(twin.pod(), change);
                for (IpFamily family : IpFamily.values()) {
                    try (SocketChannel client = JdkChannels.client(twin.outside(), SocketOptions.NONE)) {
                        client.configureBlocking(false);
                        client.connect(new InetSocketAddress(twin.podAddress(family), port));
                        if (guard) {
                            awaitDrop(twin.pod(), backend, family);
                        }
                        try (SocketChannel accepted = app.accept()) {
                            assertThat(accepted != null).as("%s, guard %s", family, guard).isEqualTo(!guard);
                        }
                    }
                }
            }
        }
    }

    /** Waits until the kernel has counted a packet on the rule that drops. */
    private static void awaitDrop(NetworkNamespace pod, String backend, IpFamily family) throws Exception {
        boolean inet = backend.equals("nft") || backend.equals("netlink-inet");
        String list = inet ? "nft list chain inet istio-ambient-mangle inpod-inbound"
                : Programs.iptables(family) + (backend.equals("iptables-legacy") ? "-legacy" : "") + "-save -c -t mangle";
        Pattern dropped = inet ? Pattern.compile("counter packets [1-9].* drop")
                : Pattern.compile("\\[[1-9]\\d*:\\d+] -A INPOD_INBOUND -j DROP");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!dropped.matcher(Tool.run(pod, list.split(" "))).find()) {
            assertThat(System.nanoTime()).as("nothing was dropped in time").isLessThan(deadline);
        }
    }

    /** Health probes come from their address; a connection to it leaves only without the guard, whatever the ingress mode. */
    @ParameterizedTest
    @CsvSource({"netlink, false", "netlink, true", "netlink-inet, false", "netlink-inet, true", "iptables-legacy, false"})
    void theProbesAddressIsReachedOnlyWithoutTheGuard(String backend, boolean ingress) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(ingress), redirection(IpFamily.V6).withIngress(ingress));
        for (boolean guard : new boolean[] {false, true}) {
            try (PodTwin twin = PodTwin.create(rules)) {
                install(twin.pod(), rules.withGuard(guard), backend);
                for (IpFamily family : IpFamily.values()) {
                    InetSocketAddress probe = new InetSocketAddress(redirection(family).hostProbe(), PORT);
                    assertThat(leaves(twin, "eth0", twin.pod(), probe, PORT)).as("%s, guard %s", family, guard).isEqualTo(!guard);
                }
            }
        }
    }

    /** An ordinary process may use any IPv6 address as its source: that of the probes doesn't get it out either, with whatever is in nat. */
    @ParameterizedTest
    @CsvSource({"netlink, false", "netlink, true", "netlink-inet, true", "iptables-legacy, true"})
    void theProbesAddressAsASourceOpensNoWayOut(String backend, boolean guard) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4), redirection(IpFamily.V6)).withGuard(guard);
        try (PodTwin twin = PodTwin.create(rules); WireTap wire = WireTap.on(twin.pod(), "eth0")) {
            install(twin.pod(), rules, backend);
            String probe = redirection(IpFamily.V6).hostProbe().getHostAddress();
            Tool.run(twin.pod(), "python3", "-c", FOREIGN_SOURCE, probe, probe, "0", "8080");
            InetAddress there = InetAddress.getByName(probe);
            assertThat(WireTap.shows(wire.drain(there), there, PORT)).isEqualTo(!guard);
        }
    }

    /** Only health probes, if the rules list br0, which TPROXY can't, or in ingress mode connections from anywhere, reach a machine behind it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netlink         | REDIRECT | false | br0 | true  | 169.254.7.127 | true",
        "netlink         | REDIRECT | false |     | true  | 169.254.7.127 | false",
        "netlink         | REDIRECT | false | br0 | true  | 192.0.2.1     | false",
        "netlink         | REDIRECT | false |     | true  | 192.0.2.1     | false",
        "netlink         | REDIRECT | false |     | false | 192.0.2.1     | true",
        "netlink         | REDIRECT | false |     | false | 169.254.7.127 | true",
        "iptables-legacy | REDIRECT | false | br0 | true  | 169.254.7.127 | true",
        "iptables-legacy | REDIRECT | false | br0 | true  | 192.0.2.1     | false",
        "netlink         | TPROXY   | false |     | true  | 169.254.7.127 | false",
        "netlink-inet    | REDIRECT | false | br0 | true  | 169.254.7.127 | true",
        "netlink-inet    | REDIRECT | false |     | true  | 169.254.7.127 | false",
        "netlink-inet    | REDIRECT | false | br0 | true  | 192.0.2.1     | false",
        "netlink         | REDIRECT | true  |     | true  | 192.0.2.1     | true",
        "netlink-inet    | REDIRECT | true  |     | true  | 192.0.2.1     | true",
    })
    void whoReachesANestedMachine(String backend, Profile profile, boolean ingress, @Nullable String listed, boolean guard, String client,
            boolean arrives) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withProfile(profile).withIngress(ingress)
                .withVirtualInterfaces(listed == null ? List.of() : List.of(listed))).withGuard(guard);
        try (PodTwin twin = PodTwin.create(SURROUNDINGS)) {
            install(twin.pod(), rules, backend);
            does(twin.pod(), "echo 1 >/proc/sys/net/ipv4/ip_forward");
            if (!client.startsWith("169.")) { // for health probes the rules stay complete
                does(twin.pod(), FLUSH_INBOUND + "; nft flush chain inet istio-ambient-nat prerouting || true");
            }
            InetAddress nested = InetAddress.getByName("198.51.100.2");
            try (WireTap wire = WireTap.on(twin.pod(), "br0"); SocketChannel app = JdkChannels.client(twin.outside(), SocketOptions.NONE)) {
                app.bind(new InetSocketAddress(client, 0));
                app.configureBlocking(false);
                app.connect(new InetSocketAddress(nested, PORT));
                assertThat(WireTap.shows(wire.drain(twin.outside(), nested), nested, PORT)).isEqualTo(arrives);
            }
        }
    }

    /** In ingress mode a pod may forward packets, but those from a listed interface must have been redirected. */
    @ParameterizedTest
    @CsvSource({"netlink, false, true, true", "netlink, true, false, true", "netlink, true, true, false", "iptables-legacy, true, true, false",
        "netlink-inet, false, true, true", "netlink-inet, true, false, true", "netlink-inet, true, true, false", "nft, true, true, false"})
    void whatIngressLetsANestedMachineSend(String backend, boolean listed, boolean guard, boolean leaves) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(true).withVirtualInterfaces(listed ? List.of("br0") : List.of())).withGuard(guard);
        try (PodTwin twin = PodTwin.create(SURROUNDINGS)) {
            install(twin.pod(), rules, backend);
            does(twin.pod(), "echo 1 >/proc/sys/net/ipv4/ip_forward");
            does(twin.pod(), backend.equals("iptables-legacy") ? "iptables-legacy -t nat -F PREROUTING"
                    : backend.equals("netlink") ? FLUSH_INBOUND : "nft flush chain inet istio-ambient-nat prerouting");
            NetworkNamespace nested = java.util.Objects.requireNonNull(twin.nested());
            assertThat(leaves(twin, "eth0", nested, new InetSocketAddress(twin.outsideAddress(IpFamily.V4), PORT), PORT)).isEqualTo(leaves);
        }
    }

    /** In ingress mode what the pod forwards leaves. What a process sends doesn't, though it may claim any IPv6 source. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netlink         | false | " + FLUSH,
        "netlink         | true  | " + FLUSH,
        "netlink-inet    | true  | " + FLUSH_INET,
        "iptables-legacy | true  | " + FLUSH_LEGACY,
    })
    void aForeignSourceIsNotTakenForForwarded(String backend, boolean guard, String change) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(true), redirection(IpFamily.V6).withIngress(true)).withGuard(guard);
        try (PodTwin twin = PodTwin.create(rules); WireTap wire = WireTap.on(twin.pod(), "eth0")) {
            install(twin.pod(), rules, backend);
            does(twin.pod(), change);
            InetAddress there = twin.outsideAddress(IpFamily.V6);
            Tool.run(twin.pod(), "python3", "-c", FOREIGN_SOURCE, "2001:db8:f::9", there.getHostAddress(), "0", "8080");
            assertThat(WireTap.shows(wire.drain(there), there, PORT)).isEqualTo(!guard);
        }
    }

    /** A host on the network has sent a first segment through the gateway: its entry is admitted, and nat leaves its reply direction alone. */
    @ParameterizedTest
    @CsvSource({"netlink, false", "netlink, true", "netlink-inet, true", "nft, true", "iptables-legacy, true"})
    void aForwardedEntryIsNoWayOutForTheGatewaysProcesses(String backend, boolean guard) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(true), redirection(IpFamily.V6).withIngress(true)).withGuard(guard);
        try (PodTwin twin = PodTwin.create(rules); WireTap wire = WireTap.on(twin.pod(), "eth0")) {
            install(twin.pod(), rules, backend);
            does(twin.pod(), "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
            InetAddress there = twin.outsideAddress(IpFamily.V6);
            InetAddress foreign = InetAddress.getByName("2001:db8:f::9");
            Tool.run(twin.outside(), "python3", "-c", FOREIGN_SOURCE, there.getHostAddress(), foreign.getHostAddress(), "8080", "4444");
            assertThat(WireTap.shows(wire.drain(there), foreign, 4444)).isTrue();
            Tool.run(twin.pod(), "python3", "-c", FOREIGN_SOURCE, foreign.getHostAddress(), there.getHostAddress(), "4444", "8080");
            assertThat(WireTap.shows(wire.drain(there), there, PORT)).isEqualTo(!guard);
        }
    }

    /** The packet comes back by loopback, without its socket, and is forwarded like another host's. */
    @ParameterizedTest
    @CsvSource({"netlink, false", "netlink, true", "netlink-inet, true", "nft, true", "iptables-legacy, true"})
    void aSourceRouteIsNoWayOutForTheGatewaysProcesses(String backend, boolean guard) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(true), redirection(IpFamily.V6).withIngress(true)).withGuard(guard);
        try (PodTwin twin = PodTwin.create(rules); WireTap wire = WireTap.on(twin.pod(), "eth0")) {
            install(twin.pod(), rules, backend);
            does(twin.pod(), "cd /proc/sys/net/ipv6/conf; echo 1 >all/forwarding; echo 1 >all/seg6_enabled; echo 1 >lo/seg6_enabled");
            InetAddress there = twin.outsideAddress(IpFamily.V6);
            Tool.run(twin.pod(), "python3", "-c", SOURCE_ROUTE, twin.podAddress(IpFamily.V6).getHostAddress(), there.getHostAddress());
            assertThat(wire.drain(there).stream().anyMatch(packet -> packet.contains(ITS_PORTS))).isEqualTo(!guard);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-legacy"})
    void aConnectionThatAGatewayForwardsWorks(String backend) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(true), redirection(IpFamily.V6).withIngress(true));
        try (PodTwin twin = PodTwin.create(SURROUNDINGS)) {
            install(twin.pod(), rules, backend);
            does(twin.pod(), "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
            NetworkNamespace nested = java.util.Objects.requireNonNull(twin.nested());
            try (ServerSocketChannel server = JdkChannels.listen(twin.outside(), SocketOptions.NONE, new InetSocketAddress("::", PORT))) {
                for (IpFamily family : IpFamily.values()) {
                    try (SocketChannel client = JdkChannels.client(nested, SocketOptions.NONE)) {
                        client.connect(new InetSocketAddress(twin.outsideAddress(family), PORT));
                        try (SocketChannel accepted = server.accept()) {
                            client.write(ByteBuffer.wrap(new byte[] {7}));
                            assertThat(accepted.read(ByteBuffer.allocate(2))).isEqualTo(1);
                            accepted.write(ByteBuffer.wrap(new byte[] {8}));
                            assertThat(client.read(ByteBuffer.allocate(2))).isEqualTo(1);
                        }
                    }
                }
            }
        }
    }

    /** The guard doesn't stop connections that nat deliberately leaves alone: an application's replies get out, in ingress mode too. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anApplicationAnswersWhoMayReachIt(boolean ingress) throws Exception {
        PodRules rules = PodRules.of(redirection(IpFamily.V4).withIngress(ingress));
        try (PodTwin twin = PodTwin.create(rules)) {
            install(twin.pod(), rules, "netlink");
            try (ServerSocketChannel app = JdkChannels.listen(twin.pod(), SocketOptions.NONE, new InetSocketAddress(PORT));
                    SocketChannel client = JdkChannels.client(twin.outside(), SocketOptions.NONE)) {
                client.bind(new InetSocketAddress(ingress ? "192.0.2.1" : "169.254.7.127", 0));
                client.connect(new InetSocketAddress(twin.podAddress(IpFamily.V4), PORT));
                try (SocketChannel accepted = app.accept()) {
                    assertThat(accepted.getRemoteAddress()).isEqualTo(client.getLocalAddress());
                }
            }
        }
    }
}
