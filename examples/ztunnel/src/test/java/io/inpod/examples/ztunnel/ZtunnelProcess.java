package io.inpod.examples.ztunnel;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The real process, in a separate directory. */
final class ZtunnelProcess implements AutoCloseable {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(40);

    final Path home;
    final Map<String, String> environment = new HashMap<>();
    private Process process;

    ZtunnelProcess(Path home) {
        this.home = home;
        environment.putAll(Map.of("INPOD_UDS", socket().toString(), "LOCAL_XDS_PATH", home.resolve("mesh.yaml").toString(), "FAKE_CA", "true",
                "NODE_NAME", "test", "INPOD_CA_DIR", home.resolve("ca").toString(), "UNSTABLE_ENABLE_SOCKS5", "true", "ZTUNNEL_WORKER_THREADS", "2"));
        environment.putAll(Map.of("INPOD_READINESS_PORT", "0", "INPOD_STATS_PORT", "0", "INPOD_ADMIN_PORT", "0")); // several run beside each other
    }

    Path socket() {
        return home.resolve("z.sock");
    }

    void mesh(String text) throws IOException {
        Files.writeString(home.resolve("mesh.yaml"), text);
    }

    /** Starts the process, through another program if one is given. */
    ZtunnelProcess start(String... through) throws IOException {
        List<String> command = new ArrayList<>(List.of(through));
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "-XX:-UsePerfData", "-Xmx256m", "-Dio.netty.leakDetection.level=paranoid", "-Dio.netty.machineId=02:00:00:00:00:00:00:01",
                "-Djava.io.tmpdir=" + Files.createDirectories(home.resolve("tmp")), "-cp", classPath, Main.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        builder.environment().putAll(environment);
        process = builder.start();
        return this;
    }

    Path log() {
        return home.resolve("ztunnel.log");
    }

    List<String> lines() throws IOException {
        return Files.exists(log()) ? Files.readAllLines(log()) : List.of();
    }

    /** Waits for a line of the log, ignoring a given number of earlier lines. */
    String awaitLine(int after, String text) throws Exception {
        List<String> found = new ArrayList<>();
        await(() -> {
            lines().stream().skip(after).filter(line -> line.contains(text)).findFirst().ifPresent(found::add);
            return !found.isEmpty() || !process.isAlive();
        }, () -> "\"" + text + "\" in the log");
        if (found.isEmpty()) {
            throw new AssertionError("ended without saying \"" + text + "\":\n" + String.join("\n", lines()));
        }
        return found.get(0);
    }

    /** Waits until something is so; otherwise fails with what is the case instead, and the log. */
    void await(Callable<Boolean> condition, Callable<String> what) throws Exception {
        long deadline = System.nanoTime() + LIMIT_NANOS;
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still not so: " + what.call() + "\n" + String.join("\n", lines()));
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    /** Returns the ztunnel's listening ports in a namespace. */
    static TreeSet<Integer> listeners(NetworkNamespace namespace) throws IOException {
        TreeSet<Integer> ports = new TreeSet<>();
        for (String line : Tool.run(namespace, "ss", "-Hnlt").lines().toList()) {
            String local = line.trim().split(" +")[3];
            int port = Integer.parseInt(local.substring(local.lastIndexOf(':') + 1));
            if (port >= 15000 && port < 15100) {
                ports.add(port);
            }
        }
        return ports;
    }

    void awaitListeners(NetworkNamespace namespace, Predicate<TreeSet<Integer>> wanted) throws Exception {
        await(() -> wanted.test(listeners(namespace)), () -> "listeners in " + namespace + ": " + listeners(namespace));
    }

    /** Returns the process's open sockets and namespaces, whose number must not grow. */
    List<String> descriptors() throws IOException {
        List<String> found = new ArrayList<>();
        // Each thread that has entered a namespace keeps one descriptor of its home namespace, so there are at most as many as threads.
        String own = Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/ns/net")).toString();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/" + process.pid() + "/fd"))) {
            for (Path file : files) {
                try {
                    String target = Files.readSymbolicLink(file).toString();
                    if (target.startsWith("socket:") || target.startsWith("net:") && !target.equals(own)) {
                        found.add(target);
                    }
                } catch (IOException e) {
                    // closed meanwhile
                }
            }
        }
        return found;
    }

    void awaitDescriptors(int most) throws Exception {
        await(() -> descriptors().size() <= most, () -> "at most " + most + " sockets and namespaces: " + descriptors());
    }

    /** Returns the names of its threads, in order, except those of HotSpot's compilers, which come and go with what there is to compile. */
    List<String> threads() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + process.pid() + "/task"))) {
            for (Path task : tasks) {
                try {
                    names.add(Files.readString(task.resolve("comm")).strip());
                } catch (IOException e) {
                    // ended meanwhile
                }
            }
        }
        names.removeIf(name -> name.matches("C[12] Compiler.*"));
        names.sort(null);
        return names;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    int awaitExit() throws Exception {
        if (!process.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS)) {
            throw new AssertionError("still running\n" + String.join("\n", lines()));
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }
}
