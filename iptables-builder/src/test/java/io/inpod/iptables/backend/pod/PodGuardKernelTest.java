package io.inpod.iptables.backend.pod;

import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A redirected connection loses its connection tracking entry: where does the data go that the application then writes? */
@Pods(2)
class PodGuardKernelTest {
    private static final String BEFORE = "before the flush";
    private static final String AFTER = "after the flush";

    /** The first case shows the leak that the guard prevents. */
    @ParameterizedTest
    @CsvSource({"netlink, 0, false, true", "netlink, 0, true, false", "netlink, 1, false, false", "netlink, 1, true, false",
        "netlink-inet, 0, false, true", "netlink-inet, 0, true, false", "iptables-legacy, 0, true, false"})
    void aLostEntryLeaksOnlyWithoutTheGuard(String backend, String loose, boolean guard, boolean leaks, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        InetAddress peer = network.pod(1).address();
        new PodRulesChange(PodRules.of(InPodRedirection.of(IpFamily.V4)).withGuard(guard), List.of(Backends.named(backend).orElseThrow()), reason -> {
        }).install(pod);
        Tool.run(pod, "sh", "-c", "echo " + loose + " >/proc/sys/net/netfilter/nf_conntrack_tcp_loose");
        try (WireTap wire = WireTap.on(pod);
                ServerSocketChannel proxy = JdkChannels.listen(pod, SocketOptions.NONE.with(TRANSPARENT, true), new InetSocketAddress(15001));
                SocketChannel app = JdkChannels.client(pod, SocketOptions.NONE)) {
            app.connect(new InetSocketAddress(peer, 8080));
            try (SocketChannel accepted = proxy.accept()) {
                write(app, BEFORE);
                assertThat(read(accepted, BEFORE.length())).isEqualTo(BEFORE);
                assertThat(wire.drain(peer)).noneMatch(packet -> packet.contains(WireTap.hex(BEFORE)));
                Tool.run(pod, "conntrack", "-F");
                write(app, AFTER);
                assertThat(wire.drain(peer).stream().anyMatch(packet -> packet.contains(WireTap.hex(AFTER)))).isEqualTo(leaks);
            }
        }
    }

    /** The answers of a health probe, the one connection that bypasses the proxy, leave only while the guard knows the connection. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theMiddleOfAnUnknownConnectionStaysInside(boolean guard, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        InetAddress probe = IpPrefix.parse("169.254.7.127").address();
        try (Rtnetlink there = Rtnetlink.open(peer);
                Rtnetlink here = Rtnetlink.open(pod)) {
            there.addresses().add("lo", probe, 32);
            here.routes().add(Route.via(probe, 32, network.pod(1).address()));
        }
        install(pod, PodRules.of(InPodRedirection.of(IpFamily.V4)).withGuard(guard));
        try (WireTap wire = WireTap.on(pod);
                ServerSocketChannel app = JdkChannels.listen(pod, SocketOptions.NONE, new InetSocketAddress(8080));
                SocketChannel prober = JdkChannels.client(peer, SocketOptions.NONE)) {
            prober.bind(new InetSocketAddress(probe, 0));
            prober.connect(new InetSocketAddress(network.pod(0).address(), 8080));
            try (SocketChannel accepted = app.accept()) {
                write(accepted, BEFORE);
                assertThat(read(prober, BEFORE.length())).isEqualTo(BEFORE);
                Tool.run(pod, "conntrack", "-F");
                write(accepted, AFTER);
                assertThat(wire.drain(probe).stream().anyMatch(packet -> packet.contains(WireTap.hex(AFTER)))).isEqualTo(!guard);
            }
        }
    }

    /** Packets that a foreign rule exempts from tracking bypass nat. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsExemptFromTrackingStaysInside(boolean guard, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        InetAddress peer = network.pod(1).address();
        install(pod, PodRules.of(InPodRedirection.of(IpFamily.V4)).withGuard(guard));
        Kernel.run(pod, "*raw\n-A OUTPUT -p tcp -j CT --notrack\nCOMMIT\n", "iptables-restore", "--noflush");
        String toPort8080 = String.format("%s1f90", WireTap.hex(peer));
        try (WireTap wire = WireTap.on(pod); SocketChannel app = JdkChannels.client(pod, SocketOptions.NONE)) {
            app.configureBlocking(false);
            app.connect(new InetSocketAddress(peer, 8080));
            assertThat(wire.drain(peer).stream().anyMatch(packet -> toPort8080.equals(packet.substring(32, 40) + packet.substring(44, 48))))
                    .isEqualTo(!guard);
        }
    }

    /** Connections that tracking knew before the guard existed are admitted one by one; later ones aren't, even when rules are repaired. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netlink         | iptables -t mangle -F; iptables -t nat -F",
        "netlink-inet    | nft flush table inet istio-ambient-mangle; nft flush table inet istio-ambient-nat",
        "iptables-legacy | iptables-legacy -t mangle -F; iptables-legacy -t nat -F",
    })
    @Timeout(60)
    void onlyConnectionsThatAreOlderThanTheGuardContinue(String backend, String flush, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        Kernel.run(pod, "*filter\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n", "iptables-restore", "--noflush");
        PodRulesChange change = new PodRulesChange(PodRules.of(InPodRedirection.of(IpFamily.V4)),
                List.of(Backends.named(backend).orElseThrow()), reason -> {
                });
        try (ServerSocketChannel here = JdkChannels.listen(pod, SocketOptions.NONE, new InetSocketAddress(8080));
                ServerSocketChannel there = JdkChannels.listen(peer, SocketOptions.NONE, new InetSocketAddress(8080));
                SocketChannel out = JdkChannels.client(pod, SocketOptions.NONE);
                SocketChannel in = JdkChannels.client(peer, SocketOptions.NONE)) {
            out.connect(new InetSocketAddress(network.pod(1).address(), 8080));
            in.connect(new InetSocketAddress(network.pod(0).address(), 8080));
            try (SocketChannel outAccepted = there.accept(); SocketChannel inAccepted = here.accept()) {
                change.install(pod);
                for (SocketChannel[] ends : new SocketChannel[][] {{out, outAccepted}, {outAccepted, out}, {in, inAccepted}, {inAccepted, in}}) {
                    write(ends[0], AFTER);
                    assertThat(read(ends[1], AFTER.length())).isEqualTo(AFTER);
                }
                assertThat(admitted(pod)).isEqualTo(2);
            }
            Tool.run(pod, "sh", "-ec", flush);
            try (SocketChannel escaped = JdkChannels.client(pod, SocketOptions.NONE)) {
                escaped.connect(new InetSocketAddress(network.pod(1).address(), 8080));
                change.install(pod);
                assertThat(admitted(pod)).as("a connection that has escaped while the guard was incomplete").isEqualTo(2);
            }
        }
    }

    /** A pod without rules would be worse. */
    @Test
    void whatTheKernelRefusesAboutOlderConnectionsIsOnlyReported() throws Exception {
        NetworkNamespace gone = NetworkNamespace.create();
        gone.close();
        List<String> reasons = new ArrayList<>();
        assertThat(OlderConnections.exist(gone)).isTrue();
        new PodUpgrade(Backends.all().get(0), PodRules.of(InPodRedirection.of(IpFamily.V4)), reasons::add).admitOlder(gone);
        assertThat(reasons).singleElement().asString().contains("older than the guard may end", "is closed");
    }

    private static long admitted(NetworkNamespace pod) throws IOException {
        return Tool.run(pod, "conntrack", "-L", "-p", "tcp").lines().filter(line -> line.contains("mark=4096")).count();
    }

    private static void install(NetworkNamespace pod, PodRules rules) throws IOException {
        new PodRulesChange(rules).install(pod);
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String read(SocketChannel channel, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            continue;
        }
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
    }
}
