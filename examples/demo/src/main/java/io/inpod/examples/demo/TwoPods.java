package io.inpod.examples.demo;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Two pods, and the processes of their node: agent, ztunnel and an app. */
final class TwoPods implements AutoCloseable {
    private final String launcher;
    private final Path home;
    private final Processes processes;
    private final PodNetwork network;

    TwoPods(String launcher) throws IOException {
        this.launcher = launcher;
        this.home = Files.createDirectories(Path.of("/run/inpod"));
        this.processes = new Processes(home);
        this.network = PodNetwork.named(NetworkNamespace.current(), List.of("pod-a", "pod-b"));
    }

    Path home() {
        return home;
    }

    Processes processes() {
        return processes;
    }

    PodNetwork network() {
        return network;
    }

    private String socket() {
        return home.resolve("ztunnel.sock").toString();
    }

    /** Starts the agent with options, and the ztunnel with a mesh and variables in addition. */
    void start(Path mesh, Map<String, String> variables, String... agentOptions) throws IOException, InterruptedException, DemoFailure {
        String[] agent = Stream.concat(Stream.of(launcher, "agent"), Stream.of(agentOptions)).toArray(String[]::new);
        processes.start("agent", Map.of("INPOD_UDS", socket()), agent);
        Map<String, String> environment = new HashMap<>(Map.of("INPOD_UDS", socket(), "LOCAL_XDS_PATH", mesh.toString(), "FAKE_CA", "true",
                "NODE_NAME", "demo", "XDS_ADDRESS", ""));
        environment.putAll(variables);
        processes.start("ztunnel", environment, launcher, "ztunnel");
        processes.awaitOutput("ztunnel", "pod received snapshot sent");
    }

    /** Enrols a pod, and returns what the command prints. */
    String enrol(Pod pod) throws IOException, InterruptedException, DemoFailure {
        return processes.run(launcher, "agent", "add", "--uid", "uid-" + pod.name(), "--name", pod.name(), "--namespace", "default",
                "--service-account", "sa-" + pod.name(), "--netns", "/run/netns/" + pod.name());
    }

    /** Asks the running ztunnel, and returns what the command prints. */
    String explain(String... arguments) throws IOException, InterruptedException, DemoFailure {
        return processes.run(Stream.concat(Stream.of("env", "INPOD_UDS=" + socket(), launcher, "explain"), Stream.of(arguments))
                .toArray(String[]::new));
    }

    /** Starts an HTTP server in a pod. */
    void startApp(Pod pod, int port, String answer) throws IOException, InterruptedException, DemoFailure {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        processes.start("app", Map.of(), "nsenter", "--net=/run/netns/" + pod.name(), "--", java, "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData", "-cp", System.getProperty("java.class.path"), App.class.getName(), Integer.toString(port), answer);
        processes.awaitOutput("app", "listening");
    }

    /** Runs a program in a pod's namespace, and returns what it prints. */
    String inside(Pod pod, String... command) throws IOException, InterruptedException, DemoFailure {
        return processes.run(entered(pod, command));
    }

    /** Returns a command that runs in a pod's namespace. */
    static String[] entered(Pod pod, String... command) {
        return Stream.concat(Stream.of("nsenter", "--net=/run/netns/" + pod.name(), "--"), Stream.of(command)).toArray(String[]::new);
    }

    /** Returns the output of the processes. */
    String logs() throws IOException {
        StringBuilder logs = new StringBuilder();
        for (String name : processes.names()) {
            logs.append("--- ").append(name).append('\n').append(Files.readString(processes.output(name)));
        }
        return logs.toString();
    }

    @Override
    public void close() {
        processes.close();
        network.close();
    }
}
