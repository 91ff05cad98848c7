package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How many system calls an event loop makes for a short connection that is accepted, connected onwards, relayed and closed. */
@Timeout(180)
class ConnectionCallsTest {
    private static final int CONNECTIONS = 160;
    private static final int MOST_BYTES = 5_000;
    private static final Pattern CALL = Pattern.compile("(\\w+)\\(.*");
    /** These depend on how connections and threads meet, or are the JVM's. How often namespaces are entered depends on the machine's pace. */
    private static final Set<String> UNCOUNTED = Set.of("epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "sched_yield", "mprotect", "madvise",
            "mmap", "munmap", "setns", "gettid", "rt_sigprocmask", "rt_sigreturn", "getpid", "sched_getaffinity", "prctl", "restart_syscall");

    @Test
    void nothingIsAskedThatIsKnown(@TempDir Path directory) throws Exception {
        Privilege.NAMESPACES.require();
        Tool.require("strace");
        Path logs = Files.createDirectory(directory.resolve("strace"));
        try (ChildJvm process =
                ChildJvm.start(List.of("strace", "-ff", "-qq", "-s", "16", "-o", logs.resolve("thread").toString()), Relaying.class)) {
            assertThat(process.line()).startsWith("relayed");
        }

        Map<String, Integer> calls = callsOfTheLoop(logs);
        double each = calls.values().stream().mapToInt(Integer::intValue).sum() / (double) CONNECTIONS;
        assertThat(calls.get("accept4")).as("%s", calls).isEqualTo(CONNECTIONS);
        assertThat(calls.get("epoll_ctl")).as("%s", calls).isLessThanOrEqualTo(2 * CONNECTIONS + 2);
        assertThat(each).as("system calls of a connection: %s of %s", calls, CONNECTIONS).isLessThan(20.5);
    }

    /** Without the optimising compiler, which leaves out what it can, so that the figure hardly varies: 20 bytes in three runs. */
    @Test
    void littleIsAllocated() throws Exception {
        Privilege.NAMESPACES.require();
        try (ChildJvm process = ChildJvm.start(List.of(), Relaying.class)) {
            String line = process.line();
            assertThat(line).startsWith("relayed, ");
            assertThat(Integer.parseInt(line.substring("relayed, ".length()))).as("bytes for a connection").isLessThan(MOST_BYTES);
        }
    }

    /** The event loop is the thread that accepts. It says itself when the connections begin and end that are counted. */
    private static Map<String, Integer> callsOfTheLoop(Path logs) throws IOException {
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(logs)) {
            for (Path thread : threads) {
                List<String> lines = Files.readAllLines(thread);
                if (lines.stream().anyMatch(line -> line.contains("\"/begin\""))) {
                    return count(lines);
                }
            }
        }
        throw new AssertionError("no event loop in " + logs);
    }

    private static Map<String, Integer> count(List<String> lines) {
        Map<String, Integer> calls = new TreeMap<>();
        boolean counts = false;
        for (String line : lines) {
            Matcher call = CALL.matcher(line);
            if (line.contains("\"/begin\"") || line.contains("\"/end\"")) {
                counts = line.contains("\"/begin\"");
            } else if (counts && call.matches() && !UNCOUNTED.contains(call.group(1))) {
                calls.merge(call.group(1), 1, Integer::sum);
            }
        }
        return calls;
    }

    /** A proxy with one event loop in a namespace of its own, and its client and server on the main thread. */
    static final class Relaying implements AcceptHandler {
        private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();
        private final EventLoop loop;
        private final UpstreamConnector connector;
        private final DestinationAddress app;

        private Relaying(EventLoop loop, UpstreamConnector connector, InetSocketAddress app) {
            this.loop = loop;
            this.connector = connector;
            this.app = new DestinationAddress(app);
        }

        public static void main(String[] args) throws Exception {
            MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
            long bytes;
            try (NetworkNamespace namespace = NetworkNamespace.create()) {
                try (Rtnetlink network = Rtnetlink.open(namespace)) {
                    network.links().up("lo");
                }
                InetAddress loopback = InetAddress.getByName("127.0.0.1");
                try (UpstreamConnector connector = new UpstreamConnector(namespace, UpstreamOptions.DEFAULT.withPolicy(SpoofPolicy.NEVER));
                        ServerSocket server = JdkSockets.server(namespace).createServerSocket(0, 16, loopback)) {
                    Relaying handler = new Relaying(loops.next(), connector, new InetSocketAddress(loopback, server.getLocalPort()));
                    try (AcceptLoop listener = AcceptLoop.listen(namespace, new InetSocketAddress(loopback, 0), SocketOptions.NONE,
                            handler.loop, new AcceptRules(destination -> false, new OwnConnections()), handler)) {
                        handler.relay(namespace, server, listener.localAddress(), CONNECTIONS);
                        handler.mark("/begin");
                        long before = handler.allocated();
                        handler.relay(namespace, server, listener.localAddress(), CONNECTIONS);
                        bytes = handler.allocated() - before;
                        handler.mark("/end");
                    }
                }
            }
            loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).sync();
            System.out.println("relayed, " + bytes / CONNECTIONS);
        }

        /** What the event loop has allocated so far. */
        private long allocated() throws InterruptedException {
            return loop.submit(() -> ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes()).sync().getNow();
        }

        private void mark(String name) throws InterruptedException {
            loop.submit(() -> Files.exists(Path.of(name))).sync();
        }

        private void relay(NetworkNamespace namespace, ServerSocket server, InetSocketAddress proxy, int times) throws Exception {
            for (int i = 0; i < times; i++) {
                try (Socket client = JdkSockets.client(namespace).createSocket()) {
                    client.connect(proxy, 30_000);
                    client.getOutputStream().write("question".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                    try (Socket accepted = server.accept()) {
                        accepted.getInputStream().readNBytes(8);
                        accepted.getOutputStream().write("answer".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                    }
                    client.getInputStream().readAllBytes();
                }
                if (!"null".equals(ended.poll(30, TimeUnit.SECONDS))) {
                    throw new AssertionError("a connection failed");
                }
            }
        }

        @Override
        public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
            return loop;
        }

        @Override
        public boolean resetsUnlessEnded() {
            return true;
        }

        @Override
        public void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
            RelayOptions.DEFAULT.prepare(connection);
            connector.connect(loop, app, RelayOptions.DEFAULT.preparation()).addListener((Future<UpstreamConnection> done) -> Relay
                    .start(connection, done.getNow().channel(), result -> ended.add(String.valueOf(result.error()))));
        }
    }
}
