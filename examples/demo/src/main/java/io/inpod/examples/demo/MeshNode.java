package io.inpod.examples.demo;

import io.inpod.examples.cluster.NodeProcess;
import io.inpod.examples.cluster.NodeSandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The agent and the ztunnel as two processes on a node in a sandbox, with the sockets and files that they have on any node. The mesh is a
 * file: there is no control plane. For one thread.
 */
public final class MeshNode {
    private final NodeSandbox sandbox;
    private final Commands commands;
    private final Path home;
    private final Path mesh;
    private int known;

    /** How the two programs are called. */
    public interface Commands {
        /** {@return the agent's command, without options} */
        List<String> agent();

        /** {@return the ztunnel's command} */
        List<String> ztunnel();
    }

    /**
     * Prepares a node. Nothing is started.
     *
     * @param sandbox the node
     * @param commands how the programs are called
     * @throws IOException if the node's directory can't be written
     */
    public MeshNode(NodeSandbox sandbox, Commands commands) throws IOException {
        this.sandbox = sandbox;
        this.commands = commands;
        this.home = Files.createDirectories(sandbox.state().resolve("mesh"));
        this.mesh = home.resolve("mesh.yaml");
        Files.writeString(mesh, MeshWorkload.file(List.of()));
    }

    /** {@return how a person looks at the node from another terminal} */
    String waysIn() {
        return """
                Everything stays up until you press Enter. To look inside, from another terminal:
                  nsenter -t $(pgrep -n -f %s) -m -n -p env KUBE_TEST_STATE=%s cluster/cluster.sh exec bash
                """.formatted(Main.class.getName(), sandbox.state());
    }

    /**
     * Starts the agent, which installs the CNI plugin and answers it, and waits until both are done.
     *
     * @param options options in addition
     * @return the process
     * @throws IOException with its output, if it ends
     * @throws InterruptedException if the thread was interrupted
     */
    public NodeProcess startAgent(String... options) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(commands.agent());
        line.add("--cni");
        line.addAll(List.of(options));
        Path output = home.resolve("agent.log");
        int before = length(output);
        NodeProcess agent = sandbox.start(output, Map.of(), line.toArray(String[]::new));
        agent.awaitOutput("control socket: ", before);
        return agent;
    }

    /**
     * Waits until the agent has installed the CNI plugin.
     *
     * @return the names of the plugins that the runtime calls for each pod, a line each, in their order
     * @throws IOException if the list can't be read
     * @throws InterruptedException if the thread was interrupted
     * @throws DemoFailure if it isn't installed in time
     */
    String awaitPlugin() throws IOException, InterruptedException, DemoFailure {
        return Awaiting.until("the plugin to be installed", () -> {
            String list = sandbox.exec("sh", "-c", "jq -r '.plugins[].type' /etc/cni/net.d/*.conflist");
            return list.contains("inpod-cni") ? list : null;
        });
    }

    /**
     * Starts the ztunnel, and waits until the agent has told it about all pods.
     *
     * @return the process
     * @throws IOException with its output, if it ends
     * @throws InterruptedException if the thread was interrupted
     */
    public NodeProcess startZtunnel() throws IOException, InterruptedException {
        Path output = home.resolve("ztunnel.log");
        int before = length(output);
        NodeProcess ztunnel = sandbox.start(output,
                Map.of("LOCAL_XDS_PATH", mesh.toString(), "FAKE_CA", "true", "NODE_NAME", MeshWorkload.NODE, "XDS_ADDRESS", "",
                        "INPOD_CA_DIR",
                        home.resolve("ca").toString()),
                commands.ztunnel().toArray(String[]::new));
        ztunnel.awaitOutput("pod received snapshot sent", before);
        return ztunnel;
    }

    /**
     * Makes these pods, and no others, known to the ztunnel, and waits until it has read them.
     *
     * @param pods the pods
     * @param ztunnel the running ztunnel
     * @throws IOException with its output, if it ends
     * @throws InterruptedException if the thread was interrupted
     */
    public void announce(Collection<MeshWorkload> pods, NodeProcess ztunnel) throws IOException, InterruptedException {
        int before = length(ztunnel.output());
        Path next = home.resolve("mesh.next");
        Files.writeString(next, MeshWorkload.file(pods) + "# " + ++known + "\n"); // never the same length and time as before
        Files.move(next, mesh, StandardCopyOption.ATOMIC_MOVE);
        ztunnel.awaitOutput(pods.size() + " workloads known", before);
    }

    /** {@return how the programs are called} */
    public Commands commands() {
        return commands;
    }

    /** {@return the directory with the programs' output} */
    public Path home() {
        return home;
    }

    /** {@return the output of both programs, to be shown after a failure} */
    public String logs() throws IOException {
        StringBuilder logs = new StringBuilder();
        for (String name : List.of("agent.log", "ztunnel.log")) {
            Path output = home.resolve(name);
            logs.append("--- ").append(name).append('\n').append(Files.exists(output) ? Files.readString(output) : "");
        }
        return logs.toString();
    }

    private static int length(Path output) throws IOException {
        return Files.exists(output) ? Files.readString(output).length() : 0;
    }
}
