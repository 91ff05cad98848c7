package io.inpod.examples.demo;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A node with the pods a, b (in the mesh) and c (not in the mesh), and with an agent and a ztunnel in separate processes, as in a real
 * system.
 */
final class Node implements AutoCloseable {
    /** A service of which b is the endpoint. */
    static final String HOST = "web.default.svc.cluster.local";
    static final String VIP = "10.96.0.10";
    static final String VIP6 = "fd96::10";
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    final PodNetwork network;
    final Pod a;
    final Pod b;
    final Pod c;
    final Path home;
    private final Map<String, Process> processes = new HashMap<>();
    private final Map<String, String> environment;
    private final boolean ipv6;
    /** Whether BBR, which paces connections, is the pods' default congestion control, as on many nodes. Some kernels lack it. */
    final boolean paced;

    private Node(Path home, boolean ipv6) throws IOException {
        Privilege.NAMESPACES.require();
        this.home = home;
        this.network = PodNetwork.create(3);
        this.a = network.pod(0);
        this.b = network.pod(1);
        this.c = network.pod(2);
        this.ipv6 = ipv6;
        this.paced = pace(network.pods());
        if (ipv6) {
            for (Pod pod : network.pods()) {
                try (Rtnetlink links = Rtnetlink.open(pod.namespace())) {
                    links.addresses().add("eth0", ipv6(pod), 64);
                }
            }
        }
        this.environment = new HashMap<>(Map.of(
                "INPOD_UDS", home.resolve("z.sock").toString(), "LOCAL_XDS_PATH", home.resolve("mesh.yaml").toString(), "FAKE_CA", "true",
                "NODE_NAME", "test", "XDS_ADDRESS", "", "INPOD_CA_DIR", home.resolve("ca").toString(), "UNSTABLE_ENABLE_SOCKS5", "true",
                "INPOD_WORKLOAD_WAIT", "100ms"));
        environment.put("ISTIO_META_DNS_CAPTURE", "true");
    }

    private static boolean pace(List<Pod> pods) throws IOException {
        if (!Files.readString(Path.of("/proc/sys/net/ipv4/tcp_available_congestion_control")).contains("bbr")) {
            return false;
        }
        for (Pod pod : pods) {
            Tool.run(pod.namespace(), "sysctl", "-q", "-w", "net.ipv4.tcp_congestion_control=bbr");
        }
        return true;
    }

    /** Returns the IPv6 address of a pod that has addresses of both families. */
    static InetAddress ipv6(Pod pod) throws IOException {
        return InetAddress.getByName("fd77::" + pod.address().getAddress()[3]);
    }

    static Node start(String profile, Path home) throws IOException, InterruptedException {
        return start(profile, home, false);
    }

    static Node start(String profile, Path home, boolean ipv6) throws IOException, InterruptedException {
        Node node = new Node(home, ipv6);
        try {
            node.writeMesh(node.a, node.b);
            node.java("agent", "io.inpod.examples.nodeagent.Main", "agent", "--profile", profile, "--dns-capture", "--control", node.control());
            node.startZtunnel();
            node.awaitLog("ztunnel", line -> line.contains("pod received snapshot sent"));
            node.enrol(node.a);
            node.enrol(node.b);
            return node;
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            node.close();
            throw e;
        }
    }

    private String control() {
        return home.resolve("agent").resolve("control.sock").toString();
    }

    private void writeMesh(Pod... pods) throws IOException {
        StringBuilder mesh = new StringBuilder("workloads:\n");
        for (Pod pod : pods) {
            mesh.append("- {uid: uid-").append(pod.name()).append(", name: ").append(pod.name()).append(", namespace: default, serviceAccount: sa-")
                    .append(pod.name()).append(", workloadIps: [").append(pod.address().getHostAddress())
                    .append(ipv6 ? ", \"" + ipv6(pod).getHostAddress() + "\"" : "").append("], protocol: HBONE, node: test, services: {").append(pod == b ? "default/" + HOST + ": {80: 8080}" : "").append("}}\n");
        }
        mesh.append("services:\n- {name: web, namespace: default, hostname: ").append(HOST).append(", vips: [/").append(VIP).append(", \"/")
                .append(VIP6).append("\"], ports: {80: 8080}}\n");
        Files.writeString(home.resolve("mesh.yaml"), mesh);
    }

    void startZtunnel() throws IOException {
        java("ztunnel", "io.inpod.examples.ztunnel.Main");
    }

    private void java(String name, String main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(command(main));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log(name).toFile()));
        builder.environment().putAll(environment);
        processes.put(name, builder.start());
    }

    static List<String> command(String main) {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m",
                "-Dio.netty.leakDetection.level=paranoid", "-Dio.netty.machineId=02:00:00:00:00:00:00:01", "-cp", classPath, main);
    }

    Path log(String name) {
        return home.resolve(name + ".log");
    }

    /** Runs a command of the agent's client, and returns the output. */
    String agent(String... arguments) throws IOException, InterruptedException {
        Path output = Files.createTempFile(home, "agent", ".txt");
        List<String> command = new ArrayList<>(command("io.inpod.examples.nodeagent.Main"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--control", control()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        String text = Files.readString(output);
        if (!ended) {
            process.destroyForcibly();
            throw new IOException("the agent's command takes longer than 60 s: " + text);
        } else if (process.exitValue() != 0) {
            throw new IOException(text);
        }
        return text;
    }

    /** Sends a signal to the agent: STOP, so that it repairs nothing, or CONT. */
    void signalAgent(String signal) throws IOException, InterruptedException {
        Process sent = new ProcessBuilder("sh", "-c", "kill -" + signal + " " + process("agent").pid()).inheritIO().start();
        if (sent.waitFor() != 0) {
            throw new IOException("the agent can't be sent SIG" + signal);
        }
    }

    void enrol(Pod pod) throws IOException, InterruptedException {
        agent("add", "--uid", "uid-" + pod.name(), "--name", pod.name(), "--namespace", "default", "--service-account", "sa-" + pod.name(),
                "--netns", Tool.pathOf(pod.namespace()).toString());
    }

    void withdraw(Pod pod) throws IOException, InterruptedException {
        agent("delete", "--uid", "uid-" + pod.name());
    }

    List<String> lines(String name) throws IOException {
        return Files.readAllLines(log(name));
    }

    /** Waits for a line in a process's log, and returns the first that matches. */
    String awaitLog(String name, Predicate<String> wanted) throws IOException, InterruptedException {
        return awaitLog(name, 0, wanted);
    }

    /** Waits for a line, ignoring a given number of earlier lines. */
    String awaitLog(String name, int after, Predicate<String> wanted) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT_NANOS;
        for (; ; ) {
            List<String> lines = lines(name);
            for (String line : lines.subList(Math.min(after, lines.size()), lines.size())) {
                if (wanted.test(line)) {
                    return line;
                }
            }
            if (System.nanoTime() > deadline || !processes.get(name).isAlive()) {
                throw new AssertionError("the awaited line isn't in the log of " + name + ":\n" + String.join("\n", lines));
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    Process process(String name) {
        return processes.get(name);
    }

    NetworkNamespace bridge() {
        return network.node();
    }

    @Override
    public void close() {
        for (Process process : processes.values()) {
            process.destroyForcibly().onExit().join();
        }
        network.close();
    }
}
