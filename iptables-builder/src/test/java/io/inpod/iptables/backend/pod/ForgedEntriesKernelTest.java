package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
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
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Somebody creates an entry of connection tracking, or inherits a mark, so that a connection looks like one that may pass. */
@Pods(2)
@Timeout(60)
class ForgedEntriesKernelTest {
    private static final int APP = 8080;
    private static final int CLIENT_PORT = 4444;

    /** Over loopback, with the peer's address as the source, to a listener whose full backlog keeps silent; no privilege is needed. */
    private static final String FROM_INSIDE = """
            import socket, sys, time
            here, there = (sys.argv[1], 4444), (sys.argv[2], 8080)
            def new():
                s = socket.socket(socket.AF_INET6)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                return s
            def start(s, to):
                s.setblocking(False)
                try:
                    s.connect(to)
                except BlockingIOError:
                    pass
            listener = new()
            listener.bind(here)
            listener.listen(0)
            filling = [new() for _ in range(3)]
            for s in filling:
                start(s, here)
            forged = new()
            forged.setsockopt(socket.IPPROTO_IPV6, 78, 1) # IPV6_FREEBIND
            forged.bind(there)
            start(forged, here)
            for s in filling + [forged, listener]:
                s.close()
            s = new()
            s.bind(here)
            start(s, there)
            """;

    /** A SYN with somebody's address as the source, in a frame to everybody: tracking notes it, TCP ignores it. */
    private static final String FROM_OUTSIDE = """
            import socket, struct, sys
            def sum16(d):
                t = sum(struct.unpack("!%dH" % (len(d) // 2), d))
                t = (t >> 16) + (t & 0xffff)
                return ~(t + (t >> 16)) & 0xffff
            source, to = socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            raw.bind(("eth0", 0))
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, source, to)
            ip = ip[:10] + struct.pack("!H", sum16(ip)) + ip[12:]
            tcp = struct.pack("!HHIIBBHHH", 8080, 4444, 1000, 0, 0x50, 2, 65000, 0, 0)
            tcp = tcp[:16] + struct.pack("!H", sum16(source + to + struct.pack("!BBH", 0, 6, 20) + tcp)) + tcp[18:]
            raw.send(b"\\xff" * 6 + raw.getsockname()[4] + b"\\x08\\x00" + ip + tcp)
            """;

    /** A proxy that resets each connection. */
    private static final String PROXY = """
            import socket, struct
            s = socket.socket()
            s.setsockopt(socket.SOL_IP, 19, 1) # IP_TRANSPARENT
            s.bind(("", 15006))
            s.listen()
            print("ready", flush=True)
            while True:
                c, _ = s.accept()
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                c.close()
                print("reset", flush=True)
            """;

    /** A proxy that reads what an FTP client sends, and answers once it has said everything. */
    private static final String FTP_PROXY = """
            import socket
            s = socket.socket()
            s.setsockopt(socket.SOL_IP, 19, 1) # IP_TRANSPARENT
            s.bind(("", 15006))
            s.listen()
            print("ready", flush=True)
            c, _ = s.accept()
            got = b""
            while b"PORT" not in got:
                got += c.recv(100)
                c.sendall(b"200\\r\\n")
            c.recv(1)
            """;

    /** Announces that the server may connect to port 8080 of this host, in the second line: the helper wants to have seen one before. */
    private static final String FTP_CLIENT = """
            import socket, sys
            c = socket.create_connection((sys.argv[2], 21))
            c.sendall(b"NOOP\\r\\n")
            c.recv(9)
            c.sendall(b"PORT %s,31,144\\r\\n" % sys.argv[1].replace(".", ",").encode())
            c.recv(9)
            print("announced", flush=True)
            c.recv(9)
            """;

    private static final String CONNECT_MARKED = """
            import socket, sys
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x539)
            s.connect((sys.argv[1], 8080))
            """;

    private static final String ACCEPT = """
            import socket, sys
            s = socket.create_server((sys.argv[1], 8080))
            print("ready", flush=True)
            c, _ = s.accept()
            print(c.getsockopt(socket.SOL_SOCKET, socket.SO_MARK), flush=True)
            """;

    private static void install(NetworkNamespace pod, String backend, Profile profile, boolean guard) throws IOException {
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            for (IpFamily family : IpFamily.values()) {
                inside.rules().add(new PolicyRule(family, InPodConstants.RULE_PRIORITY, InPodConstants.TPROXY_MARK, InPodConstants.MARK_MASK,
                        InPodConstants.ROUTING_TABLE));
                inside.routes().add(Route.localDefault(family, "lo", InPodConstants.ROUTING_TABLE));
            }
        }
        PodRules rules = PodRules.of(InPodRedirection.of(IpFamily.V4).withProfile(profile), InPodRedirection.of(IpFamily.V6).withProfile(profile));
        new PodRulesChange(rules.withGuard(guard), List.of(Backends.named(backend).orElseThrow()), reason -> {
        }).install(pod);
    }

    @ParameterizedTest
    @CsvSource({"netlink, REDIRECT, false", "netlink, REDIRECT, true", "netlink, TPROXY, true", "netlink-inet, REDIRECT, true",
        "netlink-inet, TPROXY, true", "iptables-legacy, REDIRECT, true"})
    void anEntryMadeInsideOpensNoWayOut(String backend, Profile profile, boolean guard, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (int i = 0; i < 2; i++) {
            Tool.run(network.pod(i).namespace(), "ip", "-6", "addr", "add", "fd77::" + (2 + i) + "/64", "dev", "eth0", "nodad");
        }
        install(pod, backend, profile, guard);
        InetAddress peer = InetAddress.getByName("fd77::3");
        try (WireTap wire = WireTap.on(pod)) {
            Tool.run(pod, "python3", "-c", FROM_INSIDE, "fd77::2", "fd77::3");
            assertThat(WireTap.shows(wire.drain(peer), peer, APP)).isEqualTo(!guard);
        }
    }

    @ParameterizedTest
    @CsvSource({"netlink, REDIRECT, true", "netlink, TPROXY, false", "netlink, TPROXY, true", "netlink-inet, TPROXY, true",
        "iptables-legacy, TPROXY, true"})
    void anEntryMadeOutsideOpensNoWayOut(String backend, Profile profile, boolean guard, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        InetAddress peer = network.pod(1).address();
        install(pod, backend, profile, guard);
        try (PythonProcess proxy = PythonProcess.start(pod, PROXY);
                WireTap wire = WireTap.on(pod);
                SocketChannel app = JdkChannels.client(pod, SocketOptions.NONE)) {
            assertThat(proxy.line()).isEqualTo("ready");
            Tool.run(network.pod(1).namespace(), "python3", "-c", FROM_OUTSIDE, peer.getHostAddress(), network.pod(0).address().getHostAddress());
            app.bind(new InetSocketAddress(network.pod(0).address(), CLIENT_PORT));
            app.configureBlocking(false);
            app.connect(new InetSocketAddress(peer, APP));
            assertThat(WireTap.shows(wire.drain(peer), peer, APP)).isEqualTo(!guard);
        }
    }

    /**
     * Another program in the pod uses the FTP helper of connection tracking: what an outsider announces is expected, and inherits the mark of
     * the connection in which it was announced. Without the guard it isn't even redirected.
     */
    @ParameterizedTest
    @CsvSource({"netlink, REDIRECT, false", "netlink, REDIRECT, true", "netlink, TPROXY, true", "netlink-inet, REDIRECT, true",
        "netlink-inet, TPROXY, true", "iptables-legacy, REDIRECT, true"})
    void anExpectationOpensNoWayOut(String backend, Profile profile, boolean guard, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        InetAddress peer = network.pod(1).address();
        install(pod, backend, profile, guard);
        String helper = backend.equals("iptables-legacy") ? "iptables-legacy" : "iptables";
        Tool.Result added = Tool.tryRun(pod, helper, "-t", "raw", "-A", "PREROUTING", "-p", "tcp", "--dport", "21", "-j", "CT", "--helper", "ftp");
        Assumptions.assumeTrue(added.exitCode() == 0, "this kernel has no FTP helper (nf_conntrack_ftp): " + added.output());
        try (PythonProcess proxy = PythonProcess.start(pod, FTP_PROXY);
                WireTap wire = WireTap.on(pod);
                SocketChannel app = JdkChannels.client(pod, SocketOptions.NONE)) {
            assertThat(proxy.line()).isEqualTo("ready");
            try (PythonProcess outsider = PythonProcess.start(network.pod(1).namespace(), FTP_CLIENT, peer.getHostAddress(),
                    network.pod(0).address().getHostAddress())) {
                assertThat(outsider.line()).isEqualTo("announced");
                assertThat(Tool.run(pod, "conntrack", "-L", "expect")).contains("dport=" + APP);
                app.configureBlocking(false);
                app.connect(new InetSocketAddress(peer, APP));
                assertThat(WireTap.shows(wire.drain(peer), peer, APP)).isEqualTo(!guard);
            }
        }
    }

    /** The entry of a connection that was reset still exists when the client connects again from the same port. */
    @ParameterizedTest
    @CsvSource({"netlink, TPROXY", "netlink-inet, TPROXY", "iptables-legacy, TPROXY", "netlink, REDIRECT"})
    void aSecondConnectionFromTheSamePortReachesTheProxyToo(String backend, Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(pod, backend, profile, true);
        try (PythonProcess proxy = PythonProcess.start(pod, PROXY);
                ServerSocketChannel app = JdkChannels.listen(pod, SocketOptions.NONE, new InetSocketAddress(APP))) {
            assertThat(proxy.line()).isEqualTo("ready");
            app.configureBlocking(false);
            for (int i = 0; i < 2; i++) {
                try (SocketChannel client = JdkChannels.client(network.pod(1).namespace(), SocketOptions.NONE)) {
                    client.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    client.bind(new InetSocketAddress(CLIENT_PORT));
                    client.connect(new InetSocketAddress(network.pod(0).address(), APP));
                    assertThat(proxy.line()).isEqualTo("reset");
                }
                assertThat(app.accept()).isNull();
            }
        }
    }

    /** A SYN cookie leaves no socket behind by which the third segment would find the proxy. */
    @ParameterizedTest
    @CsvSource({"netlink, TPROXY", "netlink-inet, TPROXY", "iptables-legacy, TPROXY", "netlink, REDIRECT"})
    void theAnswerToACookieReachesTheProxy(String backend, Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(pod, backend, profile, true);
        Tool.run(pod, "sh", "-c", "echo 2 >/proc/sys/net/ipv4/tcp_syncookies");
        InetSocketAddress address = new InetSocketAddress(network.pod(0).address(), APP);
        try (PythonProcess proxy = PythonProcess.start(pod, PROXY);
                ServerSocketChannel app = JdkChannels.listen(pod, SocketOptions.NONE, new InetSocketAddress(APP));
                SocketChannel inside = JdkChannels.client(pod, SocketOptions.NONE);
                SocketChannel client = JdkChannels.client(network.pod(1).namespace(), SocketOptions.NONE)) {
            assertThat(proxy.line()).isEqualTo("ready");
            inside.connect(address); // a listener accepts cookies only after it has sent one
            app.accept().close();
            app.configureBlocking(false);
            client.connect(address);
            assertThat(app.accept()).isNull();
            assertThat(proxy.line()).isEqualTo("reset");
        }
    }

    @ParameterizedTest
    @CsvSource({"netlink, false, 1337", "netlink, true, 0", "netlink-inet, true, 0", "iptables-legacy, true, 0"})
    void anAcceptedSocketInheritsNoMark(String backend, boolean guard, int mark, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String address = network.pod(0).address().getHostAddress();
        install(pod, backend, Profile.REDIRECT, guard);
        Tool.run(pod, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/tcp_fwmark_accept");
        try (PythonProcess server = PythonProcess.start(pod, ACCEPT, address)) {
            assertThat(server.line()).isEqualTo("ready");
            Tool.run(pod, "python3", "-c", CONNECT_MARKED, address);
            assertThat(server.line()).isEqualTo(Integer.toString(mark));
        }
    }
}
