package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One process takes over from another, while applications in pod a continuously connect to pod b, through SOCKS and tunnels, half of them to
 * a service, allowed by a policy, and while one asks for the service's address again and again.
 */
@Timeout(180)
class SuccessionTest {
    private static final TreeSet<Integer> ALL = new TreeSet<>(List.of(15001, 15006, 15008, 15053, 15080));
    private static final int APP = 9000;
    private static final String VIP = "10.96.0.1";
    private static final int CLIENTS = 24;
    private static final int ENOUGH = 100;

    private final AtomicInteger served = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean over;

    @Test
    @Pods(2)
    void sigtermWithASuccessorResetsNobody(PodNetwork network, @TempDir Path home) throws Exception {
        Pod a = network.pod(0);
        Pod b = network.pod(1);
        List<Thread> threads = new ArrayList<>();
        try (ZtunnelProcess older = process(home, "older", network);
                ForeignAgent olderAgent = new ForeignAgent(older.socket());
                ZtunnelProcess newer = process(home, "newer", network);
                ForeignAgent newerAgent = new ForeignAgent(newer.socket())) {
            older.environment.put("ZTUNNEL_WORKER_THREADS", "1"); // keeps it so busy that clients wait in its queues
            serve(older, olderAgent, network);
            ServerSocketChannel app = b.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
            app.bind(new InetSocketAddress(APP), 1000);
            start(threads, () -> echo(app));
            for (int i = 0; i < CLIENTS; i++) {
                String target = i % 2 == 0 ? b.address().getHostAddress() : VIP;
                int port = i % 2 == 0 ? APP : 80;
                start(threads, () -> connectAgainAndAgain(a, target, port));
            }
            start(threads, () -> askAgainAndAgain(a));
            try {
                awaitServed(ENOUGH);
                serve(newer, newerAgent, network);
                newer.awaitLine(0, "direction=\"outbound\"");

                older.terminate();

                assertThat(older.awaitExit()).isZero();
                assertThat(older.lines().get(older.lines().size() - 1)).contains("shutdown complete");
                awaitServed(served.get() + ENOUGH);
                int before = answered.get();
                while (answered.get() < before + 10 && failures.isEmpty()) {
                    TimeUnit.MILLISECONDS.sleep(5);
                }
            } finally {
                over = true;
                for (Thread client : threads.subList(1, threads.size())) {
                    client.join();
                }
                app.close();
                threads.get(0).join();
            }
            assertThat(failures).as("%s\n%s", older.lines().stream().filter(SuccessionTest::tellsOfTrouble).toList(),
                    newer.lines().stream().filter(SuccessionTest::tellsOfTrouble).toList()).isEmpty();
            assertThat(older.lines().stream().filter(SuccessionTest::tellsOfTrouble)).isEmpty();
            assertThat(newer.lines().stream().filter(SuccessionTest::tellsOfTrouble)).isEmpty();
            for (Pod pod : network.pods()) {
                assertThat(ZtunnelProcess.listeners(pod.namespace())).isEqualTo(ALL);
                assertThat(Tool.run(pod.namespace(), "cat", "/proc/sys/net/ipv4/tcp_migrate_req").strip()).isEqualTo("0");
            }
        }
    }

    private static boolean tellsOfTrouble(String line) {
        return line.contains("error=") || line.contains("is closed: ") || line.contains("not handed over") || line.contains("LEAK");
    }

    /** Each has its own agent; the CA and the directory in which they find each other are shared. */
    private static ZtunnelProcess process(Path home, String name, PodNetwork network) throws IOException {
        ZtunnelProcess process = new ZtunnelProcess(Files.createDirectory(home.resolve(name)));
        process.environment.put("INPOD_CA_DIR", home.resolve("ca").toString());
        process.environment.put("INPOD_HANDOVER_DIR", home.resolve("hand-over").toString());
        process.environment.put("ENABLE_ORIG_SRC", "false"); // these pods have no rules to route replies back
        process.environment.put("CONNECTION_TERMINATION_DEADLINE", "30s");
        process.environment.put("ISTIO_META_DNS_CAPTURE", "true");
        StringBuilder mesh = new StringBuilder("workloads:\n");
        for (Pod pod : network.pods()) {
            mesh.append("- {uid: ").append(pod.name()).append(", name: name-").append(pod.name()).append(", namespace: default, serviceAccount: sa-")
                    .append(pod.name()).append(", node: test, protocol: HBONE, workloadIps: [").append(pod.address().getHostAddress()).append("], services: {")
                    .append(pod == network.pod(1) ? "default/web.local: {80: " + APP + "}" : "").append("}}\n");
        }
        process.mesh(mesh + """
                services:
                - {name: web, namespace: default, hostname: web.local, vips: [/%s], ports: {80: %d}}
                policies:
                - name: from-a
                  namespace: default
                  scope: Namespace
                  action: Allow
                  dryRun: false
                  rules: [[[{principals: [{exact: cluster.local/ns/default/sa/sa-%s}]}]]]
                """.formatted(VIP, APP, network.pod(0).name()));
        return process;
    }

    private static void serve(ZtunnelProcess ztunnel, ForeignAgent agent, PodNetwork network) throws IOException {
        ztunnel.start();
        agent.accept();
        for (Pod pod : network.pods()) {
            assertThat(agent.add(pod.name(), pod.namespace())).isEqualTo("ack");
        }
        agent.acked("snapshot");
    }

    private static void start(List<Thread> threads, Runnable work) {
        Thread thread = new Thread(work, "succession");
        thread.start();
        threads.add(thread);
    }

    private void awaitServed(int count) throws InterruptedException {
        while (served.get() < count && failures.isEmpty()) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** Echoes until the listener is closed. */
    private void echo(ServerSocketChannel app) {
        while (app.isOpen()) {
            try (Socket socket = app.accept().socket()) {
                socket.setSoTimeout(30_000);
                socket.getOutputStream().write(socket.getInputStream().readAllBytes());
            } catch (IOException e) {
                if (app.isOpen()) {
                    failures.add("app: " + e);
                }
            }
        }
    }

    private void askAgainAndAgain(Pod from) {
        byte[] query = HexFormat.of().parseHex("000001000001000000000000" + "03776562056c6f63616c00" + "00010001"); // web.local, A
        String address = "0004" + HexFormat.of().formatHex(new byte[] {10, 96, 0, 1});
        while (!over) {
            try (DatagramSocket socket = from.namespace().<DatagramChannel, IOException>call(DatagramChannel::open).socket()) {
                socket.setSoTimeout(30_000);
                socket.send(new DatagramPacket(query, query.length, new InetSocketAddress("127.0.0.1", 15053)));
                DatagramPacket answer = new DatagramPacket(new byte[512], 512);
                socket.receive(answer);
                String text = HexFormat.of().formatHex(answer.getData(), 0, answer.getLength());
                if (!text.endsWith(address)) {
                    failures.add("name: " + text);
                }
                answered.incrementAndGet();
            } catch (IOException e) {
                failures.add("name: " + e);
            }
        }
    }

    private void connectAgainAndAgain(Pod from, String to, int port) {
        while (!over) {
            try (Socket socket = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket()) {
                socket.setSoTimeout(30_000);
                socket.connect(new InetSocketAddress("127.0.0.1", 15080), 30_000);
                socket.getOutputStream().write(HexFormat.of().parseHex("050100"));
                String greeting = HexFormat.of().formatHex(socket.getInputStream().readNBytes(2));
                String request = "05010001" + HexFormat.of().formatHex(InetAddress.getByName(to).getAddress()) + String.format("%04x", port);
                socket.getOutputStream().write(HexFormat.of().parseHex(request));
                String answer = HexFormat.of().formatHex(socket.getInputStream().readNBytes(10));
                socket.getOutputStream().write(7);
                socket.shutdownOutput();
                String echo = HexFormat.of().formatHex(socket.getInputStream().readAllBytes());
                if (!greeting.equals("0500") || !answer.startsWith("0500") || !echo.equals("07")) {
                    failures.add("client: " + greeting + " " + answer + " " + echo);
                }
                served.incrementAndGet();
            } catch (IOException e) {
                failures.add("client: " + e);
            }
        }
    }
}
