package io.inpod.examples.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A real Kubernetes node in a sandbox on this machine: API server, etcd, scheduler, controller manager, kubelet and containerd. It takes
 * 6 to 8 s to start, on two slow cores.
 *
 * <pre>{@code
 * try (KubernetesNode node = KubernetesNode.start("example")) {
 *     node.apply(manifest);
 *     node.kubectl("wait", "--for=condition=Ready", "pod/example");
 *     node.sandbox().stop(Program.KUBELET, "KILL");
 * }
 * }</pre>
 */
public final class KubernetesNode implements AutoCloseable {
    private final NodeSandbox sandbox;

    private KubernetesNode(NodeSandbox sandbox) {
        this.sandbox = sandbox;
    }

    /**
     * Starts a node, and waits until it is ready.
     *
     * @param name tells it apart from others on this machine
     * @return the node
     * @throws IOException naming what this machine lacks or forbids, or which program didn't start
     * @throws InterruptedException if the thread was interrupted
     */
    public static KubernetesNode start(String name) throws IOException, InterruptedException {
        return new KubernetesNode(NodeSandbox.start(name, "--node"));
    }

    /**
     * Starts a node whose list of CNI plugins ends with {@code chained.sh}, which changes nothing and records its calls in
     * {@link #chained}.
     *
     * @param name tells it apart from others on this machine
     * @return the node
     * @throws IOException naming what this machine lacks or forbids, or which program didn't start
     * @throws InterruptedException if the thread was interrupted
     */
    public static KubernetesNode startChained(String name) throws IOException, InterruptedException {
        return new KubernetesNode(NodeSandbox.start(name, "--node", "--chained"));
    }

    /**
     * Starts etcd and the API server alone: nodes and pods are objects that the test writes. Takes 4 to 5 s.
     *
     * @param name tells it apart from others on this machine
     * @return the node; its {@link #kubectl} works, and {@link #apiServer} is reached from inside only
     * @throws IOException naming what this machine lacks or forbids, or which program didn't start
     * @throws InterruptedException if the thread was interrupted
     */
    public static KubernetesNode startApi(String name) throws IOException, InterruptedException {
        return new KubernetesNode(NodeSandbox.start(name, "--api"));
    }

    /** {@return the sandbox, to run things on the node and to end and start its programs} */
    public NodeSandbox sandbox() {
        return sandbox;
    }

    /** {@return the URL of the API server} */
    public String apiServer() throws IOException {
        return "https://" + Files.readString(sandbox.state().resolve("address")).strip() + ":6443";
    }

    /** {@return the administrator's settings for clients of the API server} */
    public Path kubeconfig() {
        return sandbox.state().resolve("admin.kubeconfig");
    }

    /** {@return the directory in which {@code chained.sh} records its calls, and in which a file makes it fail or wait} */
    public Path chained() {
        return sandbox.state().resolve("log/chained");
    }

    /**
     * Runs kubectl as the administrator.
     *
     * @param arguments its arguments
     * @return what it printed
     * @throws IOException with what it printed, if it failed
     * @throws InterruptedException if the thread was interrupted
     */
    public String kubectl(String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of("kubectl"));
        line.addAll(List.of(arguments));
        return sandbox.exec(line.toArray(String[]::new));
    }

    /**
     * Creates or changes objects.
     *
     * @param manifest the objects, as YAML
     * @throws IOException with what kubectl printed, if it failed
     * @throws InterruptedException if the thread was interrupted
     */
    public void apply(String manifest) throws IOException, InterruptedException {
        Path file = Files.createTempFile(sandbox.state(), "manifest", ".yaml");
        try {
            Files.writeString(file, manifest);
            kubectl("apply", "-f", file.toString());
        } finally {
            Files.delete(file);
        }
    }

    /**
     * Waits until objects meet a condition.
     *
     * @param condition as for {@code kubectl wait --for}, for example {@code condition=Ready} or {@code delete}
     * @param objects which, for example {@code pod/example}, and options such as {@code -n}
     * @throws IOException if they don't within a minute
     * @throws InterruptedException if the thread was interrupted
     */
    public void await(String condition, String... objects) throws IOException, InterruptedException {
        kubectl(Stream.concat(Stream.of("wait", "--timeout=60s", "--for=" + condition), Stream.of(objects)).toArray(String[]::new));
    }

    @Override
    public void close() {
        sandbox.close();
    }
}
