package io.inpod.benchmarks;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.fault.Fault;
import io.inpod.netns.testing.fault.Traffic;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Not a JMH benchmark, because whole processes run: one TCP stream of iperf3 from pod to pod, without a fault relay, through one, and with
 * faults. Run with {@code -cp benchmarks.jar io.inpod.benchmarks.FaultThroughput} as root or in the tests' sandbox; it needs iperf3 and
 * nsenter. Prints iperf3's line for the receiver; the argument is the number of seconds of each run, 5 without it.
 */
@SuppressWarnings("try") // a fault is in effect without being used
public final class FaultThroughput {
    private static final int SECONDS = 5;

    private FaultThroughput() {}

    /** Measures. */
    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : SECONDS;
        try (PodNetwork network = PodNetwork.create(2)) {
            Traffic traffic = network.between(network.pod(0), network.pod(1));
            measure("no fault relay", network, seconds);
            traffic.drop(0).close(); // the relay stays
            measure("fault relay, no fault", network, seconds);
            try (Fault delay = traffic.delay(Duration.ofMillis(1))) {
                measure("delay of 1 ms", network, seconds);
            }
            try (Fault delay = traffic.delay(Duration.ofMillis(5), Duration.ofMillis(2))) {
                measure("delay of 5 ± 2 ms", network, seconds);
            }
            try (Fault line = traffic.bandwidth(500_000_000)) {
                measure("line of 500 Mbit/s", network, seconds);
            }
            try (Fault loss = traffic.drop(0.001)) {
                measure("loss of 0.1 %", network, seconds);
            }
            System.out.println(network.faults());
        }
    }

    private static void measure(String what, PodNetwork network, int seconds) throws IOException, InterruptedException {
        Pod server = network.pod(1);
        Process listening = inside(server, "iperf3", "--server", "--one-off", "--forceflush");
        while (true) {
            String line = listening.inputReader().readLine();
            if (line == null) {
                throw new IOException("iperf3 ended before it listened");
            }
            if (line.contains("listening")) {
                break;
            }
        }
        long before = cpuNanos();
        Process client = inside(network.pod(0), "iperf3", "--client", server.address().getHostAddress(), "--time", String.valueOf(seconds));
        client.inputReader().lines().filter(line -> line.contains("receiver") || line.contains("error"))
                .forEach(line -> System.out.println(what + ": " + line));
        System.out.printf("    CPU time of the fault relay: %d ms%n", (cpuNanos() - before) / 1_000_000);
        listening.inputReader().transferTo(Writer.nullWriter());
        if (!client.waitFor(1, TimeUnit.MINUTES) || client.exitValue() != 0 || !listening.waitFor(1, TimeUnit.MINUTES)) {
            throw new IOException("iperf3 failed");
        }
    }

    /** Of the threads of fault relays; 0 if there is none. */
    private static long cpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().startsWith("inpod-faults-"))
                .mapToLong(thread -> threads.getThreadCpuTime(thread.getThreadId())).sum();
    }

    private static Process inside(Pod pod, String... command) throws IOException {
        int fd = pod.namespace().fd().acquire();
        pod.namespace().fd().release();
        List<String> line = new ArrayList<>(List.of("nsenter", "--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd, "--"));
        line.addAll(List.of(command));
        return new ProcessBuilder(line).redirectErrorStream(true).start();
    }
}
