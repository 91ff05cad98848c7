package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Tool;
import java.io.Closeable;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A ztunnel that serves three pods: p, in which or against which somebody takes all that he can get, and an uninvolved pair, q and r. A
 * fourth namespace, where no pod is served, has remote clients, or peers: it is the workload s on another node.
 */
final class ShareScene implements AutoCloseable {
    /** An app listens here in each of the three pods. */
    static final int APP = 8080;
    private static final int PATIENCE_MILLIS = 30_000;
    private static final int REQUESTS = 20;
    /** How many requests have been answered when the scene is ready. */
    static final int FIRST_REQUESTS = 6;

    final Pod p;
    final Pod q;
    final Pod r;
    final Pod remote;
    final ZtunnelProcess ztunnel;
    final ForeignAgent agent;
    private final Map<Pod, ServerSocketChannel> apps = new HashMap<>();
    private final List<Socket> accepted = new ArrayList<>();

    private ShareScene(PodNetwork network, Path home) throws IOException {
        p = network.pod(0);
        q = network.pod(1);
        r = network.pod(2);
        remote = network.pod(3);
        ztunnel = new ZtunnelProcess(home);
        agent = new ForeignAgent(ztunnel.socket());
    }

    /**
     * Starts the ztunnel, and sends the first requests, so that everything has been loaded and all tunnels are open.
     *
     * @param network four pods
     * @param home where the ztunnel's files are
     * @param limits settings of the ztunnel
     * @param through another program that starts the ztunnel, if one is given
     */
    static ShareScene start(PodNetwork network, Path home, Map<String, String> limits, String... through) throws Exception {
        ShareScene scene = new ShareScene(network, home);
        try {
            scene.ztunnel.mesh("workloads:\n" + scene.workload("p", scene.p, "test") + scene.workload("q", scene.q, "test")
                    + scene.workload("r", scene.r, "test") + scene.workload("s", scene.remote, "other"));
            scene.ztunnel.environment.putAll(limits);
            scene.ztunnel.start(through);
            scene.agent.accept();
            scene.serve("p", scene.p);
            scene.serve("q", scene.q);
            scene.serve("r", scene.r);
            scene.agent.acked("snapshot");
            scene.firstRequests();
            return scene;
        } catch (Exception | AssertionError e) {
            e.addSuppressed(new AssertionError("the ztunnel says:\n" + String.join("\n", scene.ztunnel.lines())));
            scene.close();
            throw e;
        }
    }

    /** One on each of the two event loops, for each pair. */
    private void firstRequests() throws IOException {
        for (Pod[] pair : new Pod[][] {{q, r}, {q, p}, {p, r}}) {
            request(pair[0], pair[1]);
            request(pair[0], pair[1]);
        }
    }

    private String workload(String name, Pod pod, String node) {
        return "- {name: name-" + name + ", namespace: default, serviceAccount: sa-" + name + ", protocol: HBONE, node: " + node
                + ", workloadIps: [" + pod.address().getHostAddress() + "]}\n";
    }

    /** The app's answers to the client's address return to the proxy, as with the rules of a pod. */
    private void serve(String uid, Pod pod) throws IOException {
        Tool.run(pod.namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", Integer.toString(APP), "lookup", "100");
        Tool.run(pod.namespace(), "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
        ServerSocketChannel app = pod.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        apps.put(pod, app);
        app.bind(new InetSocketAddress("0.0.0.0", APP), 200);
        app.socket().setSoTimeout(PATIENCE_MILLIS);
        assertThat(agent.add(uid, pod.namespace())).isEqualTo("ack");
    }

    /** The uninvolved pair's requests are answered, each after somebody else has been refused again. */
    void serveWhile(LongSupplier refusals) throws Exception {
        for (int i = 0; i < REQUESTS; i++) {
            awaitMore(refusals);
            request(q, r);
        }
    }

    /** Waits until something has been counted once more. */
    void awaitMore(LongSupplier counted) throws Exception {
        long before = counted.getAsLong();
        ztunnel.await(() -> counted.getAsLong() > before, () -> "more than " + before);
    }

    /** A request through the client's SOCKS5 proxy, a tunnel, and a connection to the app, which sees the client. */
    void request(Pod from, Pod to) throws IOException {
        request(from, to, to.address().getHostAddress());
    }

    /** The same, where the client says the server's name. */
    void request(Pod from, Pod to, String name) throws IOException {
        try (Kept connection = connect(from, to, name)) {
            connection.client.getOutputStream().write(7);
            assertThat(connection.app.getInputStream().read()).isEqualTo(7);
            connection.app.getOutputStream().write(8);
            assertThat(connection.client.getInputStream().read()).isEqualTo(8);
        }
    }

    /** Both ends of a connection that a request has taken, for as long as it is kept. */
    record Kept(Socket client, Socket app) implements Closeable {
        @Override
        public void close() throws IOException {
            try (client) {
                app.close();
            }
        }
    }

    Kept connect(Pod from, Pod to, String name) throws IOException {
        Socket client = ask(from, name, APP);
        try {
            assertThat(answer(client)).as("from " + from.name() + " to " + name).isZero();
            return new Kept(client, accept(to, from.address()));
        } catch (IOException | AssertionError e) {
            client.close();
            throw e;
        }
    }

    /** Accepts a client's connection; those of others stay open. */
    private Socket accept(Pod at, Inet4Address client) throws IOException {
        for (;;) {
            Socket next = apps.get(at).socket().accept();
            next.setSoTimeout(PATIENCE_MILLIS);
            if (next.getInetAddress().equals(client)) {
                return next;
            }
            accepted.add(next);
        }
    }

    /** Connects to the SOCKS5 proxy of a pod and names a destination, but doesn't wait for the answer. */
    static Socket ask(Pod from, String host, int port) throws IOException {
        Socket socket = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket();
        try {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.connect(new InetSocketAddress("127.0.0.1", 15080), PATIENCE_MILLIS);
            socket.getOutputStream().write(HexFormat.of().parseHex("050100"));
            if (socket.getInputStream().readNBytes(2).length < 2) {
                throw new IOException("not served");
            }
            String name = HexFormat.of().formatHex(host.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(HexFormat.of().parseHex(String.format("05010003%02x%s%04x", host.length(), name, port)));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Returns the reply code of the SOCKS5 proxy, 0 for success; see RFC 1928 section 6. */
    static int answer(Socket socket) throws IOException {
        byte[] reply = socket.getInputStream().readNBytes(10);
        assertThat(reply).hasSize(10).startsWith(5);
        return reply[1];
    }

    /** Returns the sum of a counter, such as {@code refused=}, in the lines that say that p has its share of something. */
    long counted(String share, String counter) throws IOException {
        assertThat(ztunnel.lines()).filteredOn(line -> line.contains("\tlimits\t")).noneMatch(line -> line.contains("name-q") || line.contains("name-r"));
        return ztunnel.lines().stream().filter(line -> line.contains("name-p") && line.contains(share))
                .flatMap(line -> Pattern.compile("\\b" + counter + "=(\\d+)").matcher(line).results()).map(MatchResult::group)
                .mapToLong(found -> Long.parseLong(found.substring(counter.length() + 1))).sum();
    }

    @Override
    public void close() throws IOException {
        for (Socket socket : accepted) {
            socket.close();
        }
        for (ServerSocketChannel app : apps.values()) {
            app.close();
        }
        ztunnel.close();
        agent.close();
    }
}
