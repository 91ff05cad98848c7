package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.Tool;
import io.netty.util.NetUtil;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The behaviour that applications in the mesh can rely on, tested with two real processes and real kernel rules, for each profile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class EndToEnd {
    private static final int PATIENCE_MILLIS = 30_000;
    private static final int BULK_BYTES = 64 * 1024 * 1024;

    private final String profile;
    private final boolean ipv6;
    Node node;

    /** Creates the tests for one family. For IPv6, pods have addresses of both families; for IPv4, only those of IPv4. */
    EndToEnd(String profile, boolean ipv6) {
        this.profile = profile;
        this.ipv6 = ipv6;
    }

    private InetAddress address(Pod pod) throws IOException {
        return ipv6 ? Node.ipv6(pod) : pod.address();
    }

    private String text(Pod pod) throws IOException {
        return NetUtil.toAddressString(address(pod));
    }

    /** Returns a pod's address in the form used in URLs and authorities. */
    private String host(Pod pod) throws IOException {
        return bracketed(text(pod));
    }

    private String bracketed(String address) {
        return ipv6 ? "[" + address + "]" : address;
    }

    private String loopback() {
        return ipv6 ? "::1" : "127.0.0.1";
    }

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        node = Node.start(profile, home, ipv6);
    }

    @AfterAll
    void stop() {
        if (node != null) {
            node.close();
        }
    }

    private static ServerSocketChannel listen(Pod pod, int port) throws IOException {
        ServerSocketChannel listener = pod.namespace().call(() -> ServerSocketChannel.open());
        listener.bind(new InetSocketAddress(port));
        return listener;
    }

    private Socket connect(Pod from, Pod to, int port) throws IOException {
        Socket socket = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket();
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress(address(to), port), PATIENCE_MILLIS);
        return socket;
    }

    private static Socket accept(ServerSocketChannel listener) throws IOException {
        listener.socket().setSoTimeout(PATIENCE_MILLIS);
        Socket socket = listener.socket().accept();
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private static <T> Future<T> background(Callable<T> work) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return work.call();
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        });
    }

    @Test
    void aRequestIsServedTheAppSeesTheClientAndTheWireShowsNothing() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8080);
                WireCapture capture = WireCapture.start(node.bridge(), node.b.link())) {
            int before = node.lines("ztunnel").size();
            Future<String> seen = background(() -> {
                try (Socket client = accept(listener)) {
                    byte[] request = new byte[4096];
                    int length = client.getInputStream().read(request);
                    client.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nANSWER".getBytes(StandardCharsets.US_ASCII));
                    return client.getInetAddress().getHostAddress() + " " + new String(request, 0, length, StandardCharsets.US_ASCII);
                }
            });

            String answer = Tool.run(node.a.namespace(), "curl", "-g", "-sS", "--max-time", "30", "-H", "X-Question: QUESTION", "http://" + host(node.b) + ":8080/");

            assertThat(answer).isEqualTo("ANSWER");
            assertThat(seen.get()).startsWith(address(node.a).getHostAddress() + " ").contains("X-Question: QUESTION");
            WireCapture.Evidence wire = capture.stop();
            assertThat(wire.tlsFramesByPort()).containsOnlyKeys(15008);
            assertThat(wire.dataFramesByPort()).containsOnlyKeys(15008);
            assertThat(wire.contains("QUESTION")).isFalse();
            assertThat(wire.contains("ANSWER")).isFalse();
            for (String direction : List.of("inbound", "outbound")) {
                assertThat(node.awaitLog("ztunnel", before, line -> line.contains("direction=\"" + direction + "\"")))
                        .contains("src.identity=\"spiffe://cluster.local/ns/default/sa/sa-pod-0\"")
                        .contains("dst.identity=\"spiffe://cluster.local/ns/default/sa/sa-pod-1\"")
                        .doesNotContain("error=");
            }
        }
    }

    @Test
    void aServicesNameIsAnsweredByTheProxyWhateverTheNameServerAndItsAddressLeadsToAnEndpoint() throws Exception {
        String address = ipv6 ? Node.VIP6 : Node.VIP;
        for (String transport : List.of("+notcp", "+tcp")) {
            assertThat(Tool.run(node.a.namespace(), "dig", "+short", "+tries=1", "+timeout=20", transport, "@" + (ipv6 ? "2001:db8::53" : "192.0.2.53"),
                    Node.HOST, ipv6 ? "AAAA" : "A").strip()).isEqualTo(address);
        }
        try (ServerSocketChannel listener = listen(node.b, 8080)) {
            Future<InetAddress> seen = background(() -> {
                try (Socket client = accept(listener)) {
                    client.getInputStream().read(new byte[4096]);
                    client.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nANSWER".getBytes(StandardCharsets.US_ASCII));
                    return client.getInetAddress();
                }
            });
            assertThat(Tool.run(node.a.namespace(), "curl", "-g", "-sS", "--max-time", "30", "http://" + bracketed(address) + "/")).isEqualTo("ANSWER");
            assertThat(seen.get()).isEqualTo(address(node.a));
        }
    }

    @Test
    void theCaptureWouldShowPlaintext() throws Exception {
        try (ServerSocketChannel listener = listen(node.c, 8080);
                WireCapture capture = WireCapture.start(node.bridge(), node.c.link());
                Socket client = connect(node.a, node.c, 8080)) {
            client.getOutputStream().write("QUESTION".getBytes(StandardCharsets.US_ASCII));
            try (Socket app = accept(listener)) {
                assertThat(app.getInputStream().readNBytes(8)).asString().isEqualTo("QUESTION");
            }
            assertThat(capture.stop().contains("QUESTION")).isTrue(); // c isn't in the mesh
        }
    }

    @Test
    void bulkDataGoesBothWaysAtOnceUnharmed() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8081);
                Socket client = connect(node.a, node.b, 8081);
                Socket app = accept(listener)) {
            List<Future<String>> digests = List.of(
                    background(() -> send(client, 1)), background(() -> receive(app)), background(() -> send(app, 2)), background(() -> receive(client)));

            assertThat(digests.get(1).get()).isEqualTo(digests.get(0).get());
            assertThat(digests.get(3).get()).isEqualTo(digests.get(2).get());
        }
    }

    private static String send(Socket to, long seed) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        OutputStream out = new DigestOutputStream(to.getOutputStream(), digest);
        Random random = new Random(seed);
        byte[] block = new byte[61_441];
        for (int sent = 0; sent < BULK_BYTES; sent += block.length) {
            random.nextBytes(block);
            out.write(block, 0, Math.min(block.length, BULK_BYTES - sent));
        }
        to.shutdownOutput();
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String receive(Socket from) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        InputStream in = new DigestInputStream(from.getInputStream(), digest); // not close(), which would end the other direction too
        byte[] block = new byte[100_000];
        long total = 0;
        for (int n = in.read(block); n >= 0; n = in.read(block)) {
            total += n;
        }
        assertThat(total).isEqualTo(BULK_BYTES);
        return HexFormat.of().formatHex(digest.digest());
    }

    @Test
    void connectionsWithinTheNodeAreNotPacedThoseOfOthersAreLeftAlone() throws Exception {
        Assumptions.assumeTrue(node.paced, "this kernel is built without BBR");
        try (ServerSocketChannel listener = listen(node.b, 8088);
                Socket client = connect(node.a, node.b, 8088);
                Socket app = accept(listener)) {
            client.getOutputStream().write(1);
            assertThat(app.getInputStream().read()).isEqualTo(1);

            assertThat(congestionControl(node.a, "sport = :15001")).as("from the app").containsOnly("reno");
            assertThat(congestionControl(node.a, "dport = :15008")).as("tunnel").containsOnly("reno");
            assertThat(congestionControl(node.b, "sport = :15008")).as("tunnel").containsOnly("reno");
            assertThat(congestionControl(node.b, "dport = :8088")).as("to the app").containsOnly("reno");
            assertThat(congestionControl(node.a, "dport = :8088")).as("the app's own").containsOnly("bbr");
            assertThat(congestionControl(node.b, "sport = :8088")).as("the app's own").containsOnly("bbr");
        }
    }

    private static List<String> congestionControl(Pod pod, String filter) throws IOException {
        String connections = Tool.run(pod.namespace(), "ss", "-Htino", "state", "established", "( " + filter + " )");
        return connections.lines().filter(line -> line.contains("cwnd:"))
                .flatMap(line -> Stream.of(line.strip().split(" ")).filter(Set.of("reno", "cubic", "bbr")::contains)).toList();
    }

    @Test
    void eitherSideMayEndItsDirectionFirst() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8082)) {
            for (boolean clientFirst : new boolean[] {true, false}) {
                try (Socket client = connect(node.a, node.b, 8082);
                        Socket app = accept(listener)) {
                    Socket first = clientFirst ? client : app;
                    Socket second = clientFirst ? app : client;
                    first.getOutputStream().write("the last word".getBytes(StandardCharsets.US_ASCII));
                    first.shutdownOutput();
                    assertThat(second.getInputStream().readAllBytes()).asString().isEqualTo("the last word");
                    second.getOutputStream().write("and an answer".getBytes(StandardCharsets.US_ASCII));
                    second.shutdownOutput();
                    assertThat(first.getInputStream().readAllBytes()).asString().isEqualTo("and an answer");
                }
            }
        }
    }

    @Test
    void whereNobodyListensTheClientIsReset() throws Exception {
        assertThatThrownBy(() -> {
            try (Socket client = connect(node.a, node.b, 9)) { // the reset may come before this is over
                client.getInputStream().read();
            }
        }).isInstanceOf(SocketException.class).hasMessageContaining("reset");
    }

    @Test
    void aResetStaysAResetInBothDirections() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8083)) {
            for (boolean clientFails : new boolean[] {true, false}) {
                try (Socket client = connect(node.a, node.b, 8083);
                        Socket app = accept(listener)) {
                    Socket failing = clientFails ? client : app;
                    Socket other = clientFails ? app : client;
                    failing.getOutputStream().write(1);
                    assertThat(other.getInputStream().read()).isEqualTo(1);
                    failing.setSoLinger(true, 0);
                    failing.close();
                    assertThatThrownBy(() -> other.getInputStream().read()).isInstanceOf(SocketException.class).hasMessageContaining("reset");
                }
            }
        }
    }

    @Test
    void aClientOutsideOfTheMeshReachesTheAppInPlaintext() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8084);
                Socket client = connect(node.c, node.b, 8084);
                Socket app = accept(listener)) {
            assertThat(app.getInetAddress()).isEqualTo(address(node.c));
            app.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            assertThat(new DataInputStream(client.getInputStream()).readNBytes(5)).asString().isEqualTo("hello");
        }
    }

    @Test
    void aPodReachesItself() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8085);
                Socket client = connect(node.b, node.b, 8085);
                Socket app = accept(listener)) {
            app.getOutputStream().write(7);
            assertThat(client.getInputStream().read()).isEqualTo(7);
        }
    }

    @Test
    void anAppMayNameItsDestinationBySocks() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8086)) {
            Future<String> served = background(() -> {
                try (Socket client = accept(listener)) {
                    client.getInputStream().read(new byte[4096]);
                    client.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsocks".getBytes(StandardCharsets.US_ASCII));
                    return client.getInetAddress().getHostAddress();
                }
            });

            String answer = Tool.run(node.a.namespace(), "curl", "-g", "-sS", "--max-time", "30", "--socks5", "127.0.0.1:15080",
                    "http://" + host(node.b) + ":8086/");

            assertThat(answer).isEqualTo("socks");
            assertThat(served.get()).isEqualTo(address(node.a).getHostAddress());
        }
    }

    @Test
    void ourOwnPortsAreNoWayIntoALoopNorOutToOthers() throws Exception {
        String own = text(node.b);
        for (int port : new int[] {15001, 15006, 15080}) {
            int before = node.lines("ztunnel").size();
            assertClosed(node.c, own, port); // from the wire
            assertThat(node.awaitLog("ztunnel", before, line -> line.contains("recursive call"))).contains("dst.addr=" + bracketed(own) + ":" + port);
            assertThat(linesAbout(before, "connection failed")).hasSize(1);
        }
        for (String address : new String[] {own, loopback()}) {
            for (int port : new int[] {15001, 15006}) {
                int before = node.lines("ztunnel").size();
                assertClosed(node.b, address, port); // by an app of the pod
                node.awaitLog("ztunnel", before, line -> line.contains("recursive call"));
                assertThat(linesAbout(before, "connection failed")).hasSize(1);
            }
        }
        int before = node.lines("ztunnel").size();
        assertClosed(node.c, own, 15008); // no TLS
        node.awaitLog("ztunnel", before, line -> line.contains("connection failed") && line.contains("tls handshake"));
        assertThat(linesAbout(before, "connection failed")).hasSize(1);
        assertThat(Tool.run(node.b.namespace(), "ss", "-Hnt", "state", "established", "sport", "=", ":15006")).isBlank();
    }

    private List<String> linesAbout(int after, String text) throws IOException {
        return node.lines("ztunnel").stream().skip(after).filter(line -> line.contains(text)).toList();
    }

    private static void assertClosed(Pod from, String address, int port) throws IOException {
        try (Socket client = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket()) {
            client.setSoTimeout(PATIENCE_MILLIS);
            client.connect(new InetSocketAddress(address, port), PATIENCE_MILLIS);
            client.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            int answer;
            do {
                answer = client.getInputStream().read(); // a TLS alert may come first
            } while (answer >= 0);
        } catch (IOException e) {
            assertThat(e).hasMessageMatching("(?i).*(reset|refused|broken pipe).*");
        }
    }

    @Test
    void anotherHostsPortsAreLegitimateDestinations() throws Exception {
        try (ServerSocketChannel listener = listen(node.c, 15001);
                Socket client = connect(node.a, node.c, 15001);
                Socket app = accept(listener)) {
            app.getOutputStream().write(7);
            assertThat(client.getInputStream().read()).isEqualTo(7);
        }
    }

    @Test
    void listenersAreExactlyTheseWithTheirBacklog() throws Exception {
        String listeners = Tool.run(node.a.namespace(), "ss", "-Hnlt");

        assertThat(listeners.lines().map(line -> line.trim().replaceAll(" +", " ")))
                .containsExactlyInAnyOrder("LISTEN 0 4096 127.0.0.1:15080 0.0.0.0:*", "LISTEN 0 4096 *:15006 *:*",
                        "LISTEN 0 4096 *:15001 *:*", "LISTEN 0 4096 *:15008 *:*", "LISTEN 0 4096 127.0.0.1:15053 0.0.0.0:*",
                        "LISTEN 0 4096 [::1]:15053 [::]:*");
        assertThat(Tool.run(node.a.namespace(), "ss", "-Hnltm", "-e").split("fwmark:0x539", -1)).as("marked sockets").hasSize(7);
    }

    @Test
    void aTunnelLeadsToTheListenersOwnAddressAndNowhereElse() throws Exception {
        String own = host(node.b);
        try (ServerSocketChannel listener = listen(node.b, 8087)) {
            assertThat(listener.isOpen()).isTrue();
            assertThat(foreignConnect("sa-foreign", own + ":8087")).isEqualTo("200");
            assertThat(foreignConnect("sa-foreign", host(node.c) + ":8087")).isEqualTo("400");
            assertThat(foreignConnect("sa-foreign", bracketed(loopback()) + ":8087")).isEqualTo("400");
            assertThat(foreignConnect("sa-foreign", "pod-1.default.svc:8087")).as("no name of the mesh").isEqualTo("503");
            assertThat(foreignConnect("sa-foreign", Node.HOST + ":80")).as("a service of the pod: the app's port is another one").isEqualTo("503");
            for (int port : new int[] {15001, 15006, 15008, 15080}) {
                assertThat(foreignConnect("sa-foreign", own + ":" + port)).isEqualTo("503");
            }
            assertThat(foreignConnect("sa-foreign", own + ":9")).isEqualTo("503");
            assertThat(foreignConnect("", own + ":8087")).contains("certificate required");
        }
    }

    /** A CONNECT request by another HTTP/2 stack (Python's h2 over OpenSSL), with a certificate from the same CA or none. */
    private String foreignConnect(String serviceAccount, String authority) throws Exception {
        return foreignConnect(text(node.b), serviceAccount, authority);
    }

    /** A CONNECT request to port 15008 of some address. */
    String foreignConnect(String address, String serviceAccount, String authority) throws Exception {
        Path chain = node.home.resolve("foreign-chain.pem");
        Path key = node.home.resolve("foreign-key.pem");
        if (!serviceAccount.isEmpty()) {
            io.inpod.hbone.identity.DevelopmentCa.open(node.home.resolve("ca"))
                    .issueTo(new io.inpod.hbone.identity.SpiffeId("cluster.local", "default", serviceAccount), chain, key);
        }
        return Tool.run(node.c.namespace(), "/usr/bin/python3", Path.of("src/test/python/hbone_connect.py").toAbsolutePath().toString(),
                address, authority, serviceAccount.isEmpty() ? "" : chain.toString(), key.toString()).strip();
    }

    @Test
    void noThreadOfTheProxyIsInAPod() throws Exception {
        Tool.Result threads = Tool.tryRun(node.bridge(), "sh", "-c", "readlink /proc/" + node.process("ztunnel").pid() + "/task/*/ns/net | sort -u | wc -l");

        assertThat(threads.output().strip()).isEqualTo("1");
    }

    @Test
    void manyConnectionsLeaveNothingBehind() throws Exception {
        try (ServerSocketChannel listener = listen(node.b, 8088)) {
            for (int i = 0; i < 300; i++) {
                try (Socket client = connect(node.a, node.b, 8088);
                        Socket app = accept(listener)) {
                    client.getOutputStream().write(1);
                    assertThat(app.getInputStream().read()).isEqualTo(1);
                    if (i % 3 == 0) {
                        client.setSoLinger(true, 0);
                    }
                }
            }
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        String left;
        do {
            left = Tool.run(node.b.namespace(), "ss", "-Hnt", "state", "established", "dport", "=", ":8088");
        } while (!left.isBlank() && System.nanoTime() < deadline);
        assertThat(left).isBlank();
        assertThat(node.lines("ztunnel").stream().filter(line -> line.contains("LEAK") || line.contains("Exception"))).isEmpty();
    }
}
