package io.inpod.benchmarks;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Not a JMH benchmark, because it alternates with a program: lists 10,000 TCP sockets of a namespace as {@code ss} does. Run as root with
 * {@code -cp benchmarks.jar io.inpod.benchmarks.SocketList}; needs 10,100 descriptors (ulimit -n).
 */
public final class SocketList {
    private static final int CONNECTIONS = 5_000;
    private static final int RUNS = 31;

    private SocketList() {}

    /** Returns the processor time, in milliseconds. */
    private interface Run {
        double run() throws Exception;
    }

    /** Measures. */
    public static void main(String[] args) throws Exception {
        List<Channel> open = new ArrayList<>();
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            try (Rtnetlink network = Rtnetlink.open(namespace)) {
                network.links().up("lo");
            }
            connect(namespace, open);
            String path = "/proc/" + ProcessHandle.current().pid() + "/fd/" + namespace.fd().acquire();
            namespace.fd().release();
            List<Run> runs = List.of(
                    () -> list(namespace, SocketQuery.tcp()), () -> ss(path, "-tan"),
                    () -> list(namespace, SocketQuery.tcp().withTcpInfo()), () -> ss(path, "-tani"),
                    () -> list(namespace, SocketQuery.tcp().where(SocketFilter.localPort(1))), () -> ss(path, "-tan sport = :1"));
            double[][] elapsed = new double[runs.size()][RUNS];
            double[][] processor = new double[runs.size()][RUNS];
            for (int round = -10; round < RUNS; round++) {
                for (int i = 0; i < runs.size(); i++) {
                    long start = System.nanoTime();
                    double spent = runs.get(i).run();
                    if (round >= 0) {
                        elapsed[i][round] = millis(System.nanoTime() - start);
                        processor[i][round] = spent;
                    }
                }
            }
            String[] names = {"all", "with TCP_INFO", "none of them by a filter"};
            for (int i = 0; i < names.length; i++) {
                System.out.printf("%s: elapsed %s, processor %s%n", names[i], compare(elapsed[2 * i], elapsed[2 * i + 1]),
                        compare(processor[2 * i], processor[2 * i + 1]));
            }
        } finally {
            for (Channel channel : open) {
                channel.close();
            }
        }
    }

    private static void connect(NetworkNamespace namespace, List<Channel> open) throws IOException {
        ServerSocketChannel server = namespace.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        open.add(server);
        server.bind(new InetSocketAddress(IpFamily.V4.loopback(), 8080));
        for (int i = 0; i < CONNECTIONS; i++) {
            SocketChannel client = namespace.<SocketChannel, IOException>call(SocketChannel::open);
            open.add(client);
            client.connect(new InetSocketAddress(IpFamily.V4.loopback(), 8080));
            open.add(server.accept());
        }
    }

    private static String compare(double[] ours, double[] theirs) {
        return String.format("%.1f ms, ss %.1f ms, ratio %.2f", median(ours), median(theirs), median(ours) / median(theirs));
    }

    private static double millis(long nanos) {
        return nanos / (double) TimeUnit.MILLISECONDS.toNanos(1);
    }

    private static double list(NetworkNamespace namespace, SocketQuery query) throws IOException {
        long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        try (SocketDiag sockets = SocketDiag.open(namespace)) {
            int found = sockets.list(query).size();
            if (found != (query.filter() == null ? 2 * CONNECTIONS + 1 : 0)) {
                throw new IllegalStateException(found + " sockets");
            }
        }
        return millis(ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before);
    }

    /** The shell's builtin {@code times} tells the processor time of its children in the second line. */
    private static double ss(String namespace, String arguments) throws IOException, InterruptedException {
        String script = "ss " + arguments + " > /dev/null; times";
        Process shell = new ProcessBuilder("nsenter", "--net=" + namespace, "bash", "-c", script).start();
        String[] spent = new String(shell.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).split("\\s+");
        if (shell.waitFor() != 0) {
            throw new IOException("ss ended with " + shell.exitValue());
        }
        return seconds(spent[2]) + seconds(spent[3]);
    }

    private static double seconds(String time) {
        return 1000 * Double.parseDouble(time.replaceAll(".*m|s", ""));
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
