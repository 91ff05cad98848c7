package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The start, failures and end of the process. */
class ProcessTest {
    private static final TreeSet<Integer> ALL = new TreeSet<>(List.of(15001, 15006, 15008, 15080));
    private static final String MESH = "workloads:\n- {name: name-p, namespace: default, serviceAccount: sa-p, node: test, workloadIps: [10.0.0.1]}\n";

    private ZtunnelProcess ztunnel;
    private ForeignAgent agent;
    private NetworkNamespace pod;

    @BeforeEach
    void prepare(@TempDir Path home) throws IOException {
        Privilege.NAMESPACES.require();
        ztunnel = new ZtunnelProcess(home);
        ztunnel.mesh(MESH);
        agent = new ForeignAgent(ztunnel.socket());
        pod = NetworkNamespace.create();
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.links().up("lo");
        }
    }

    @AfterEach
    void end() throws IOException {
        ztunnel.close();
        agent.close();
        pod.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "workloads: [{namespace: default, workloadIps: [], waypoint: {destination: 10.0.0.9}}] | | mesh.yaml:1: workloads[0].waypoint.destination:",
        "policies: [{name: x}] | | mesh.yaml:1: policies[0].",
        "'workloads: [[[[[[[[[[[[[[[[[[[[' | | mesh.yaml:1: workloads: nested more than 16 levels deep",
        "'workloads: [' | | mesh.yaml is neither YAML nor JSON",
        "workloads: [] | PACKET_MARK=none | PACKET_MARK must be a number",
        "workloads: [] | FAKE_CA=false | no source of certificates: set CA_ADDRESS",
        "workloads: [] | LOCAL_XDS_PATH=/nowhere/mesh.yaml | LOCAL_XDS_PATH: can't read /nowhere/mesh.yaml"
    })
    void aBrokenConfigurationEndsTheStartWithOneLine(String mesh, String variable, String message) throws Exception {
        ztunnel.mesh(mesh);
        if (variable != null) {
            ztunnel.environment.put(variable.split("=")[0], variable.split("=")[1]);
        }

        assertThat(ztunnel.start().awaitExit()).isEqualTo(2);

        assertThat(ztunnel.lines()).hasSize(1).first().asString().contains("\terror\t").contains(message);
        assertThat(ztunnel.home.resolve("ca")).doesNotExist();
        try (var left = Files.list(ztunnel.home.resolve("tmp"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void saysHowItIsConfigured() throws Exception {
        ztunnel.start();
        agent.accept();

        assertThat(ztunnel.lines()).extracting(line -> line.substring(line.indexOf('\t') + 1)).contains("info\tztunnel\tinpod_enabled: true",
                "info\tztunnel\tinpod_uds: " + ztunnel.socket(), "info\tztunnel\tinpod_port_reuse: true", "info\tztunnel\tinpod_mark: 1337");
        ztunnel.awaitLine(0, "inpod.workloadmanager\thandling new stream");
    }

    @Test
    void withoutTheRightToEnterNamespacesItDoesNotStart() throws Exception {
        Tool.require("setpriv");

        assertThat(ztunnel.start("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin").awaitExit()).isEqualTo(1);

        assertThat(ztunnel.lines().get(ztunnel.lines().size() - 1)).contains("can't start: network namespaces can't be entered:").contains("CAP_SYS_ADMIN");
    }

    @Test
    void withoutTheRightToMarkItServesNoPod() throws Exception {
        Tool.require("setpriv");
        ztunnel.start("setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw");

        String answer = agent.accept().add("p", pod);

        assertThat(answer).startsWith("nack can't listen on").contains("15001").contains("SO_MARK, 1337").contains("CAP_NET_ADMIN");
        assertThat(ZtunnelProcess.listeners(pod)).isEmpty();
        assertThat(ztunnel.isAlive()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"15006", "15080"})
    void aPortInUseIsARefusalThatNamesItAndIsTriedAgain(int port) throws Exception {
        ztunnel.start();
        agent.accept();
        try (ServerSocketChannel other = listen(port)) {
            assertThat(other.isOpen()).isTrue();
            assertThat(agent.add("p", pod)).startsWith("nack can't listen on").contains(":" + port + " in").contains("Address already in use");
            assertThat(ZtunnelProcess.listeners(pod)).containsExactly(port); // the other program's listener
        }
        ztunnel.awaitLine(0, "proxy started after a retry");
        assertThat(ZtunnelProcess.listeners(pod)).isEqualTo(ALL);
    }

    @Test
    void sigtermWithNobodyConnectedEndsAtOnceWithZero() throws Exception {
        ztunnel.environment.put("CONNECTION_TERMINATION_DEADLINE", "1h");
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");

        ztunnel.terminate();

        assertThat(ztunnel.awaitExit()).isZero();
        assertThat(ztunnel.lines().get(ztunnel.lines().size() - 1)).contains("shutdown complete");
        assertThat(ZtunnelProcess.listeners(pod)).isEmpty();
        assertThat(ztunnel.socket().getParent()).as("sockets for successors and questions").isDirectoryNotContaining("glob:**/ztunnel-*");
    }

    @Test
    void sigtermLetsConnectionsFinishAndTakesNoNewOnes() throws Exception {
        ztunnel.environment.put("CONNECTION_TERMINATION_DEADLINE", "1h");
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        try (ServerSocketChannel listener = listen(9000);
                Socket client = socks(9000);
                Socket app = accept(listener)) {
            ztunnel.terminate();
            ztunnel.awaitListeners(pod, TreeSet::isEmpty);
            ztunnel.awaitLine(0, "termination signal received");

            client.getOutputStream().write(7);
            assertThat(app.getInputStream().read()).isEqualTo(7);
            assertThat(ztunnel.isAlive()).isTrue();
            client.shutdownOutput();
            app.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(ztunnel.awaitExit()).isZero();
    }

    @Test
    void sigtermEndsConnectionsThatGoOnTooLong() throws Exception {
        ztunnel.environment.put("CONNECTION_TERMINATION_DEADLINE", "500ms");
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        try (ServerSocketChannel listener = listen(9000);
                Socket client = socks(9000);
                Socket app = accept(listener)) {
            ztunnel.terminate();

            assertThat(ztunnel.awaitExit()).isZero();
            assertThat(end(client)).isEqualTo("reset");
            assertThat(end(app)).isEqualTo("reset");
        }
    }

    /** The kernel closes the sockets of a process that has ended; the part that a peer has received must not look like the whole. */
    @ParameterizedTest
    @ValueSource(strings = {"SIGKILL", "a protocol error"})
    void aProxyThatDiesResetsItsConnections(String cause) throws Exception {
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        agent.acked("snapshot");
        try (ServerSocketChannel listener = listen(9000);
                Socket client = socks(9000);
                Socket app = accept(listener)) {
            client.getOutputStream().write(7);
            assertThat(app.getInputStream().read()).isEqualTo(7);
            if (cause.equals("SIGKILL")) {
                ztunnel.close();
            } else {
                assertThat(agent.request("snapshot")).startsWith("nack a second SnapshotSent");
                assertThat(ztunnel.awaitExit()).isEqualTo(1);
            }
            assertThat(end(client)).isEqualTo("reset");
            assertThat(end(app)).isEqualTo("reset");
        }
    }

    @Test
    void addressesHaveOneFormInEveryLine() throws Exception {
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        try (SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            client.connect(new InetSocketAddress("127.0.0.1", 15008));
            client.write(ByteBuffer.wrap("no TLS\r\n".getBytes(StandardCharsets.US_ASCII)));
            assertThat(ztunnel.awaitLine(0, "tls handshake")).containsPattern(" ?src\\.addr=127\\.0\\.0\\.1:\\d+ dst\\.addr=127\\.0\\.0\\.1:15008 ");
        }
        assertThat(askSocks("050100017f0000010009")).isEqualTo(5); // refused
        assertThat(ztunnel.awaitLine(0, "refused")).contains("127.0.0.1:9");
        assertThat(ztunnel.lines()).noneMatch(line -> line.matches(".*[ =:]/\\[?[0-9a-f:.]+\\]?:\\d+.*"));
    }

    /** RFC 1928 section 6. */
    @ParameterizedTest
    @CsvSource({
        "050100017f0000010009, 5, nobody listens",
        "050100010a0900010050, 4, no route",
        "050100017f0000013a99, 2, port 15001 is the proxy's own",
        "0501000201020304, 8, unknown address type",
        "050100017f0000010000, 1, port 0",
        "0501000340{64 letters}0050, 1, a label of 64",
        "05010003000050, 1, no name",
        "050200017f0000010009, 7, BIND",
        "050300017f0000010009, 7, UDP ASSOCIATE"
    })
    void socksClientsAreToldWhatFailed(String request, int reply, String why) throws Exception {
        ztunnel.start();
        Tool.run(pod, "ip", "route", "add", "unreachable", "10.9.0.0/16");
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");

        assertThat(askSocks(request)).as(why).isEqualTo(reply);
    }

    /** {@return the reply, after which the connection ends in order} */
    private int askSocks(String request) throws IOException {
        try (Socket socket = pod.<SocketChannel, IOException>call(SocketChannel::open).socket()) {
            socket.setSoTimeout(30_000);
            socket.connect(new InetSocketAddress("127.0.0.1", 15080), 30_000);
            socket.getOutputStream().write(HexFormat.of().parseHex("050100"));
            assertThat(socket.getInputStream().readNBytes(2)).containsExactly(5, 0);
            socket.getOutputStream().write(HexFormat.of().parseHex(request.replace("{64 letters}", "61".repeat(64))));
            byte[] answer = socket.getInputStream().readAllBytes();
            assertThat(answer).hasSize(10).startsWith(5);
            return answer[1];
        }
    }

    @Test
    void connectionsOfKeptPodsOutliveTheAgent() throws Exception {
        ztunnel.start();
        try (NetworkNamespace other = NetworkNamespace.create()) {
            assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
            assertThat(agent.add("q", other)).isEqualTo("ack");
            agent.acked("snapshot");
            try (ServerSocketChannel listener = listen(9000);
                    Socket client = socks(9000);
                    Socket app = accept(listener)) {
                agent.ask("stop");
                assertThat(ZtunnelProcess.listeners(pod)).isEqualTo(ALL);
                agent.listen();
                assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
                agent.acked("snapshot"); // the snapshot doesn't contain q

                assertThat(ZtunnelProcess.listeners(pod)).isEqualTo(ALL);
                assertThat(ZtunnelProcess.listeners(other)).isEmpty();
                client.getOutputStream().write(7);
                assertThat(app.getInputStream().read()).isEqualTo(7);

                agent.acked("del p");
                assertThat(end(client)).isEqualTo("reset");
                assertThat(end(app)).isEqualTo("reset");
            }
        }
    }

    @Test
    void podsMayComeAndGoUnderLoad() throws Exception {
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        agent.acked("snapshot");
        try (ServerSocketChannel listener = listen(9000)) {
            socks(9000).close();
            accept(listener).close();
            int before = ztunnel.descriptors().size();
            Executor threads = task -> new Thread(task).start(); // the common pool may have only one thread
            AtomicInteger left = new AtomicInteger(2_000);
            List<CompletableFuture<Void>> clients = new ArrayList<>();
            clients.add(CompletableFuture.runAsync(() -> drop(listener, left), threads));
            for (int i = 0; i < 4; i++) {
                clients.add(CompletableFuture.runAsync(() -> {
                    while (left.getAndDecrement() > 0) {
                        try (Socket client = socks(9000)) {
                            client.setSoLinger(left.get() % 2 == 0, 0);
                        } catch (IOException | AssertionError e) {
                            // the pod isn't served at the moment
                        }
                    }
                }, threads));
            }
            while (left.get() > 0) {
                agent.acked("del p");
                assertThat(agent.add("p", pod)).isEqualTo("ack");
            }
            CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new)).join();

            ztunnel.awaitDescriptors(before);
            try (ServerSocketChannel fresh = listen(9001); Socket client = socks(9001); Socket app = accept(fresh)) {
                client.getOutputStream().write(7);
                assertThat(app.getInputStream().read()).isEqualTo(7);
            }
            assertThat(ztunnel.lines().stream().filter(line -> line.matches("\\s+at .*") || line.contains("LEAK"))).isEmpty();
        }
    }

    /** Drops every client until no more arrive. */
    private static void drop(ServerSocketChannel listener, AtomicInteger left) {
        try {
            listener.configureBlocking(false);
            while (left.get() > 0) {
                SocketChannel app = listener.accept();
                if (app != null) {
                    app.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final String BOTH = MESH + "- {name: name-q, namespace: default, serviceAccount: sa-q, node: test, workloadIps: [10.0.0.2]}\n";

    @Test
    void aPodTakesNoMoreThanItsShareOfSockets() throws Exception {
        ztunnel.mesh(BOTH);
        ztunnel.environment.putAll(Map.of("INPOD_MAX_SOCKETS", "90", "INPOD_IDLE_AT_LIMIT", "1h"));
        ztunnel.start();
        List<Socket> held = new ArrayList<>();
        try (NetworkNamespace other = NetworkNamespace.create()) {
            try (Rtnetlink inside = Rtnetlink.open(other)) {
                inside.links().up("lo");
            }
            assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
            assertThat(agent.add("q", other)).isEqualTo("ack");
            try (ServerSocketChannel listener = listen(9000); ServerSocketChannel uninvolved = listen(other, 9000)) {
                int before = ztunnel.descriptors().size();
                for (Socket next = attempt(pod); next != null; next = attempt(pod)) {
                    held.add(next);
                }
                assertThat(held).hasSize(15); // of one address, with two sockets each: a third of 90
                for (int i = 0; i < 100; i++) { // port 15008, without TLS
                    SocketChannel silent = pod.<SocketChannel, IOException>call(SocketChannel::open);
                    held.add(silent.socket());
                    silent.configureBlocking(false);
                    silent.connect(new InetSocketAddress("127.0.0.1", 15008));
                }
                for (int i = 0; i < 20; i++) {
                    try (Socket client = socks(other, 9000); Socket app = accept(uninvolved)) {
                        client.getOutputStream().write(i);
                        assertThat(app.getInputStream().read()).isEqualTo(i);
                    }
                }
                assertThat(ztunnel.awaitLine(0, "has its share of sockets")).contains("total=90").contains("name-p");
                assertThat(ztunnel.descriptors().size()).isLessThanOrEqualTo(before + 60);
                assertThat(ztunnel.lines()).noneMatch(line -> line.contains("Too many open files"));
                for (Socket socket : held) {
                    socket.close();
                }
                for (int i = 0; i < 15; i++) {
                    accept(listener).close();
                }
                ztunnel.awaitDescriptors(before);
                socks(9000).close(); // served again
            }
        } finally {
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    @Test
    void aPodsUnreadConnectionsHoldNoMoreThanItsShareOfBuffers() throws Exception {
        ztunnel.mesh(BOTH);
        ztunnel.environment.put("INPOD_MAX_BUFFER_MIB", "3");
        ztunnel.start();
        List<SocketChannel> unread = new ArrayList<>();
        AtomicBoolean over = new AtomicBoolean();
        try (NetworkNamespace other = NetworkNamespace.create();
                ServerSocketChannel listener = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            try (Rtnetlink inside = Rtnetlink.open(other)) {
                inside.links().up("lo");
            }
            // Otherwise the kernel's own buffers would hold more than the proxy's.
            Tool.run(pod, "sysctl", "-q", "-w", "net.ipv4.tcp_wmem=4096 16384 65536", "net.ipv4.tcp_rmem=4096 16384 65536");
            assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
            assertThat(agent.add("q", other)).isEqualTo("ack");
            listener.setOption(StandardSocketOptions.SO_RCVBUF, 4096).bind(new InetSocketAddress("0.0.0.0", 9000)); // never accepts
            for (int i = 0; i < 20; i++) {
                SocketChannel client = socks(pod, 9000).getChannel();
                client.configureBlocking(false);
                unread.add(client);
            }
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> fill(unread, over));
            assertThat(ztunnel.awaitLine(0, "has its share of buffers")).contains("name-p").contains("total=3145728");

            byte[] text = new byte[1 << 20];
            new Random(1).nextBytes(text);
            try (ServerSocketChannel uninvolved = listen(other, 9000); Socket client = socks(other, 9000); Socket app = accept(uninvolved)) {
                CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> readFully(app, text.length));
                client.getOutputStream().write(text);
                assertThat(read.get()).isEqualTo(text);
            }
            over.set(true);
            writing.get();
            assertThat(ztunnel.lines()).noneMatch(line -> line.contains("name-q") && line.contains("buffers"));
        } finally {
            over.set(true);
            for (SocketChannel client : unread) {
                client.close();
            }
        }
    }

    @Test
    void connectionsThatNobodyReadsEndWhereTheyFillTheKernelsMemory() throws Exception {
        ztunnel.mesh(BOTH);
        ztunnel.environment.put("INPOD_MAX_TCP_MIB", "1");
        ztunnel.start();
        List<SocketChannel> unread = new ArrayList<>();
        AtomicBoolean over = new AtomicBoolean();
        try (NetworkNamespace other = NetworkNamespace.create(); ServerSocketChannel listener = listen(9000)) {
            try (Rtnetlink inside = Rtnetlink.open(other)) {
                inside.links().up("lo");
            }
            assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
            assertThat(agent.add("q", other)).isEqualTo("ack");
            for (int i = 0; i < 10; i++) {
                SocketChannel client = socks(pod, 9000).getChannel();
                client.configureBlocking(false);
                unread.add(client);
            }
            try (ServerSocketChannel uninvolved = listen(other, 9000); Socket client = socks(other, 9000); Socket app = accept(uninvolved)) {
                CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> fill(unread, over));
                assertThat(ztunnel.awaitLine(0, "has its share of the kernel's memory for TCP")).contains("name-p");
                for (int i = 0; i < 100; i++) {
                    client.getOutputStream().write(i);
                    assertThat(app.getInputStream().read()).isEqualTo(i);
                }
                assertThatThrownBy(writing::get).hasRootCauseInstanceOf(IOException.class);
            }
            assertThat(listener.isOpen()).isTrue(); // it has never accepted
            assertThat(ztunnel.lines()).noneMatch(line -> line.contains("name-q") && line.contains("kernel's memory"));
        } finally {
            over.set(true);
            for (SocketChannel client : unread) {
                client.close();
            }
        }
    }

    /** Otherwise each connection could hold a gigabyte of the proxy's memory. */
    @Test
    void aPodDoesNotSizeTheProxysBuffersInTheKernel() throws Exception {
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        Tool.run(pod, "sysctl", "-q", "-w", "net.ipv4.tcp_rmem=4096 1000000000 1000000000", "net.ipv4.tcp_wmem=4096 1000000000 1000000000");
        try (ServerSocketChannel listener = listen(9000); Socket client = socks(9000); Socket app = accept(listener)) {
            byte[] text = new byte[1 << 20];
            CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> readFully(app, text.length));
            client.getOutputStream().write(text);
            assertThat(read.get()).isEqualTo(text);

            List<String> proxys;
            do {
                proxys = proxysSockets();
            } while (!proxys.stream().allMatch(line -> size("rb", line) <= 6 << 20 && size("tb", line) <= 4 << 20));
            assertThat(proxys).hasSize(2);
        }
    }

    /** Otherwise a connection that nobody reads would hold all that a fast one needs. */
    @Test
    void theKernelSizesTheBuffersOfAConnectionAsItIsRead() throws Exception {
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        try (ServerSocketChannel listener = listen(9000); Socket client = socks(9000); Socket app = accept(listener)) {
            client.getOutputStream().write(1);
            assertThat(app.getInputStream().read()).isOne();
            assertThat(proxysSockets()).hasSize(2).allSatisfy(line -> {
                assertThat(size("rb", line)).isBetween(1L, 1L << 20);
                assertThat(size("tb", line)).isLessThan(4L << 20);
            });
        }
    }

    private List<String> proxysSockets() throws IOException {
        return Tool.run(pod, "ss", "-HtnmeO", "state", "established").lines().filter(line -> line.contains("fwmark:0x539")).toList();
    }

    private static byte[] readFully(Socket socket, int bytes) {
        try {
            return socket.getInputStream().readNBytes(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long size(String name, String line) {
        Matcher found = Pattern.compile("\\b" + name + "(\\d+)").matcher(line);
        assertThat(found.find()).as(line).isTrue();
        return Long.parseLong(found.group(1));
    }

    private static void fill(List<SocketChannel> unread, AtomicBoolean over) {
        try {
            while (!over.get()) {
                for (SocketChannel client : unread) {
                    client.write(ByteBuffer.allocate(1 << 16));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whereAPodHasItsShareItsLongestIdleConnectionsMakeRoom() throws Exception {
        ztunnel.environment.putAll(Map.of("INPOD_MAX_SOCKETS", "90", "INPOD_IDLE_AT_LIMIT", "0s"));
        ztunnel.start();
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        List<Socket> held = new ArrayList<>();
        try (ServerSocketChannel listener = listen(9000)) {
            for (Socket next = attempt(pod); next != null; next = attempt(pod)) {
                held.add(next);
            }
            assertThat(end(held.get(0))).isEqualTo("reset");
            try (Socket newest = accept(listener)) {
                assertThat(newest.isConnected()).isTrue(); // the app's side of one of them
            }
            assertThat(ztunnel.awaitLine(0, "has its share of sockets")).contains("idle_reset=");
        } finally {
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    /** Connects within a pod through the proxy; returns null if the proxy refuses the connection. */
    private Socket attempt(NetworkNamespace from) {
        try {
            return socks(from, 9000);
        } catch (IOException | AssertionError e) {
            return null;
        }
    }

    /** If the bound on sockets is set too high, it still has no descriptors left one day. */
    @Test
    void survivesWithoutFileDescriptors() throws Exception {
        ztunnel.environment.put("INPOD_MAX_SOCKETS", "100000");
        ztunnel.start("sh", "-c", "ulimit -n 150; exec \"$@\"", "sh");
        assertThat(agent.accept().add("p", pod)).isEqualTo("ack");
        try (ServerSocketChannel listener = listen(9000)) {
            try (Socket client = socks(9000); Socket app = accept(listener)) {
                assertThat(client.isConnected() && app.isConnected()).isTrue();
            }
            int before = ztunnel.descriptors().size();
            List<Socket> crowd = new ArrayList<>();
            try {
                for (int i = 0; i < 250; i++) {
                    SocketChannel channel = pod.<SocketChannel, IOException>call(SocketChannel::open);
                    crowd.add(channel.socket());
                    channel.configureBlocking(false);
                    channel.connect(new InetSocketAddress("127.0.0.1", 15080)); // and says nothing
                }
                assertThat(ztunnel.awaitLine(0, "can't accept connections on")).contains("15080").contains("retrying");
            } finally {
                for (Socket socket : crowd) {
                    socket.close();
                }
            }
            try (Socket client = socks(9000); Socket app = accept(listener)) {
                client.getOutputStream().write(7);
                assertThat(app.getInputStream().read()).isEqualTo(7);
            }
            ztunnel.awaitDescriptors(before);
        } catch (IOException e) {
            throw new AssertionError(String.join("\n", ztunnel.lines()), e);
        }
    }

    private ServerSocketChannel listen(int port) throws IOException {
        return listen(pod, port);
    }

    private static ServerSocketChannel listen(NetworkNamespace namespace, int port) throws IOException {
        ServerSocketChannel listener = namespace.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        return listener.bind(new InetSocketAddress("0.0.0.0", port));
    }

    private static Socket accept(ServerSocketChannel listener) throws IOException {
        listener.socket().setSoTimeout(30_000);
        Socket socket = listener.socket().accept();
        socket.setSoTimeout(30_000);
        return socket;
    }

    /** Connects within the pod through the proxy. */
    private Socket socks(int port) throws IOException {
        return socks(pod, port);
    }

    private static Socket socks(NetworkNamespace from, int port) throws IOException {
        Socket socket = from.<SocketChannel, IOException>call(SocketChannel::open).socket();
        socket.setSoTimeout(30_000);
        socket.connect(new InetSocketAddress("127.0.0.1", 15080), 30_000);
        socket.getOutputStream().write(HexFormat.of().parseHex("050100"));
        assertThat(socket.getInputStream().readNBytes(2)).containsExactly(5, 0);
        socket.getOutputStream().write(HexFormat.of().parseHex(String.format("050100017f000001%04x", port)));
        assertThat(socket.getInputStream().readNBytes(10)).startsWith(5, 0);
        return socket;
    }

    private static String end(Socket socket) throws IOException {
        try {
            return "end " + socket.getInputStream().read();
        } catch (SocketException e) {
            return e.getMessage().contains("reset") ? "reset" : e.getMessage();
        }
    }
}
