package io.inpod.examples.nodeagent.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.host.NodeProbes;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks whose faults a running agent and ztunnel don't show: wrong certificates, and the node's rules for health probes. */
class ChecksTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private static Subject pod(NetworkNamespace netns, String serviceAccount, List<InetAddress> known, NetworkNamespace node) {
        return new Subject(netns, new WorkloadInfo("a", "default", serviceAccount), PodRules.of(InPodRedirection.of(IpFamily.V4)), Set.of(),
                known, node, netns);
    }

    private static Map<Topic, Status> run(Check check, Subject pod) throws IOException {
        Findings findings = new Findings();
        check.look(pod, findings);
        return findings.sorted().stream().collect(java.util.stream.Collectors.toMap(Finding::topic, Finding::status));
    }

    @Test
    void judgesTheCertificateOfTheListener(@TempDir Path home) throws Exception {
        Privilege.NAMESPACES.require();
        SSLContext context = context(home.resolve("key.p12"));
        try (NetworkNamespace netns = NetworkNamespace.create()) {
            try (Rtnetlink links = Rtnetlink.open(netns)) {
                links.links().up("lo");
            }
            try (ServerSocketChannel listener = JdkChannels.listen(netns, SocketOptions.NONE, new InetSocketAddress("127.0.0.1", 15008))) {
                Check now = new CertificateCheck(Clock.systemUTC());
                serve(listener, context, true);
                assertThat(run(now, pod(netns, "app", List.of(), null)))
                        .isEqualTo(Map.of(Topic.CERTIFICATE, Status.OK, Topic.MTLS, Status.OK));
                serve(listener, context, true);
                assertThat(run(now, pod(netns, "ap", List.of(), null)))
                        .isEqualTo(Map.of(Topic.CERTIFICATE, Status.FAIL, Topic.MTLS, Status.OK));
                for (long hours : new long[] {-2, 25}) {
                    serve(listener, context, true);
                    assertThat(run(new CertificateCheck(Clock.offset(Clock.systemUTC(), Duration.ofHours(hours))), pod(netns, "app", List.of(), null)))
                            .as("%d h later", hours).isEqualTo(Map.of(Topic.CERTIFICATE, Status.FAIL, Topic.MTLS, Status.OK));
                }
                serve(listener, context, true);
                assertThat(run(new CertificateCheck(Clock.offset(Clock.systemUTC(), Duration.ofHours(23))), pod(netns, "app", List.of(), null)))
                        .isEqualTo(Map.of(Topic.CERTIFICATE, Status.WARN, Topic.MTLS, Status.OK));
                serve(listener, context, false);
                assertThat(run(now, pod(netns, "app", List.of(), null)))
                        .isEqualTo(Map.of(Topic.CERTIFICATE, Status.OK, Topic.MTLS, Status.FAIL));
            }
            assertThat(run(new CertificateCheck(Clock.systemUTC()), pod(netns, "app", List.of(), null)))
                    .isEqualTo(Map.of(Topic.CERTIFICATE, Status.FAIL, Topic.MTLS, Status.SKIP));
        }
    }

    /** A certificate that is valid for a day, and names itself as a ztunnel's does. */
    private static SSLContext context(Path file) throws Exception {
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", "a",
                "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "O=cluster.local", "-validity", "1", "-ext",
                "san=uri:spiffe://cluster.local/ns/default/sa/app", "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass",
                new String(PASSWORD)).redirectErrorStream(true).redirectOutput(file.resolveSibling("keytool.log").toFile()).start();
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(keytool.exitValue()).as(Files.readString(file.resolveSibling("keytool.log"))).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    /** Serves one client, which it lets wait for data. */
    private static void serve(ServerSocketChannel listener, SSLContext context, boolean mutual) {
        Thread server = new Thread(() -> {
            try (Socket client = listener.accept().socket();
                    SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(client, null, client.getPort(), true)) {
                tls.setUseClientMode(false);
                tls.setNeedClientAuth(mutual);
                tls.startHandshake();
                tls.getOutputStream().write(1);
            } catch (IOException e) {
                // the client has no certificate
            }
        });
        server.setDaemon(true);
        server.start();
    }

    @Test
    void judgesTheRulesAndSetsForHealthProbes() throws Exception {
        Privilege.NAMESPACES.require();
        InetAddress address = InetAddress.getByName("10.9.8.7");
        try (NetworkNamespace netns = NetworkNamespace.create();
                NetworkNamespace node = NetworkNamespace.create();
                NodeProbes probes = NodeProbes.open(node.duplicate(), Backends.all(), EnumSet.of(IpFamily.V4), line -> {})) {
            Subject pod = pod(netns, "app", List.of(address), node);
            probes.keepExactly(Map.of("a", Set.of(address)));
            assertThat(run(new NodeCheck(), pod)).isEqualTo(Map.of(Topic.NODE, Status.OK));
            assertThat(run(new NodeCheck(), pod(netns, "app", List.of(), node))).isEqualTo(Map.of(Topic.NODE, Status.SKIP));
            assertThat(run(new NodeCheck(), pod(netns, "app", List.of(address), null))).isEqualTo(Map.of(Topic.NODE, Status.SKIP));
            probes.remove("a");
            assertThat(run(new NodeCheck(), pod)).isEqualTo(Map.of(Topic.NODE, Status.FAIL));
            probes.put("a", Set.of(address));
            assertThat(run(new NodeCheck(), pod)).isEqualTo(Map.of(Topic.NODE, Status.OK));
            Tool.run(node, "nft", "flush", "ruleset");
            assertThat(run(new NodeCheck(), pod)).isEqualTo(Map.of(Topic.NODE, Status.FAIL));
        }
    }

    @Test
    void judgesThePodsInterfaces() throws Exception {
        Privilege.NAMESPACES.require();
        try (NetworkNamespace netns = NetworkNamespace.create()) {
            Subject pod = pod(netns, "app", List.of(), null);
            Tool.run(netns, "ip", "link", "set", "lo", "up");
            assertThat(run(new SurroundingsCheck(), pod)).containsEntry(Topic.INTERFACES, Status.FAIL);
            Tool.run(netns, "sh", "-ec", "ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip addr add 10.1.1.1/24 dev eth0");
            assertThat(run(new SurroundingsCheck(), pod)).containsEntry(Topic.INTERFACES, Status.OK).containsEntry(Topic.CONNTRACK, Status.OK);
            Tool.run(netns, "sh", "-ec", "ip link set eth1 up; ip addr add 10.2.2.2/24 dev eth1");
            assertThat(run(new SurroundingsCheck(), pod)).containsEntry(Topic.INTERFACES, Status.WARN);
        }
    }

    /** The rules that istio-cni writes, by either kind of tables, are recognised as such and not as ours. */
    @Test
    void recognisesTheRulesOfIstio() throws Exception {
        Privilege.NAMESPACES.require();
        for (String backend : List.of("netlink", "netlink-inet")) {
            try (NetworkNamespace netns = NetworkNamespace.create()) {
                PodRules ours = new PodRules(List.of(InPodRedirection.of(IpFamily.V4).withDnsCapture(true),
                        InPodRedirection.of(IpFamily.V6).withDnsCapture(true)), true, List.of());
                List<Backend> one = List.of(Backends.named(backend).orElseThrow());
                assertThat(Inference.read(netns).isRedirected()).isFalse();
                new PodRulesChange(ours, one, line -> {}).install(netns);
                assertThat(Inference.read(netns).isIstios()).as(backend).isFalse();
                assertThat(Inference.read(netns).likeliest(List.of())).isEqualTo(ours);
                new PodRulesChange(ours.withGuard(false), one, line -> {}).install(netns);
                assertThat(Inference.read(netns).isIstios()).as(backend).isTrue();
                assertThat(Inference.read(netns).likeliest(List.of())).isEqualTo(ours.withGuard(false));
            }
        }
    }
}
