package io.inpod.examples.clustertests;

import io.inpod.examples.cluster.Containerd;
import io.inpod.examples.cluster.NodeProcess;
import io.inpod.examples.cluster.NodeSandbox;
import io.inpod.examples.cluster.PodOrder;
import io.inpod.examples.cluster.Program;
import io.inpod.examples.cluster.RuntimePod;
import io.inpod.examples.demo.MeshNode;
import io.inpod.examples.demo.MeshWorkload;
import io.inpod.examples.demo.WireCapture;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * A node with containerd, our plugin, an agent and a ztunnel, and a server in the mesh. All its pods are in the mesh, so nothing that one
 * of them sends another may be in clear, from the first packet that any of them has sent.
 */
final class RuntimeScene implements AutoCloseable {
    static final String SECRET = "a-secret-that-must-not-be-on-the-wire";
    static final String ANSWER = "an answer of the server";
    /** How long a kubelet's patience is modelled, and how long convergence may take. */
    private static final long LIMIT_SECONDS = 180;

    final Containerd containerd;
    final MeshNode node;
    final Steps steps;
    private final WireCapture capture;
    private final InetAddress server;
    private NodeProcess agent;
    private NodeProcess ztunnel;

    RuntimeScene(String name) throws Exception {
        String refusal = NodeSandbox.refusal().orElse(null);
        if (refusal != null) {
            throw Missing.on(refusal);
        }
        this.containerd = Containerd.start(name);
        try {
            Path directory = Files.createDirectories(containerd.sandbox().state().resolve("steps"));
            this.steps = new Steps(directory);
            this.node = new MeshNode(containerd.sandbox(), new JavaCommands(directory));
            try (NetworkNamespace network = containerd.sandbox().network()) {
                this.capture = WireCapture.start(network);
            }
            this.agent = node.startAgent();
            this.ztunnel = node.startZtunnel();
            awaitPlugin();
            describe("server", "server");
            this.server = run(PodOrder.of("default", "server", "server", "sh", "-c",
                    "echo '" + ANSWER + "' > /tmp/index.html; exec httpd -f -p 8080 -h /tmp")).address();
            node.announce(List.of(new MeshWorkload("default", "server", "default", server),
                    new MeshWorkload("default", "client", "default", InetAddress.getByName("10.244.255.1"))), ztunnel);
        } catch (Exception | AssertionError e) {
            NodeReport.add(e, containerd.sandbox(), name);
            containerd.close();
            throw e;
        }
    }

    NodeProcess agent() {
        return agent;
    }

    NodeProcess ztunnel() {
        return ztunnel;
    }

    /** Starts what isn't running. */
    void restart() throws Exception {
        if (!agent.isAlive()) {
            agent = node.startAgent();
        }
        if (!ztunnel.isAlive()) {
            ztunnel = node.startZtunnel();
        }
    }

    void startContainerd() throws Exception {
        containerd.sandbox().start(Program.CONTAINERD);
    }

    /** The orchestrator says that a pod is in the mesh. */
    void describe(String uid, String name) throws IOException {
        Path directory = containerd.sandbox().file("/run/inpod/pods");
        Path next = Files.writeString(directory.resolve(".next"),
                "{\"uid\": \"" + uid + "\", \"name\": \"" + name + "\", \"namespace\": \"default\", \"serviceAccount\": \"default\"}");
        Files.move(next, directory.resolve(uid + ".json"));
    }

    /** The orchestrator says that a pod is gone. */
    void forget(String uid) throws IOException {
        Files.delete(containerd.sandbox().file("/run/inpod/pods/" + uid + ".json"));
    }

    /** A pod whose first act is a request to the server, again and again until it is answered. */
    PodOrder client(String uid) {
        return PodOrder.of("default", "client", uid, "sh", "-c", "until timeout 5 wget -qO- --header 'X-Secret: " + SECRET + "' http://"
                + server.getHostAddress() + ":8080/; do sleep 0.05; done; sleep 100000");
    }

    /** Starts a pod as a kubelet does: again and again. */
    RuntimePod run(PodOrder order) throws Exception {
        return until(() -> {
            try {
                return containerd.run(order);
            } catch (IOException e) {
                containerd.removeAll(order.uid());
                throw e;
            }
        });
    }

    /** Ends a pod as a kubelet does: again and again. */
    void remove(String uid) throws Exception {
        until(() -> {
            containerd.removeAll(uid);
            return uid;
        });
    }

    void awaitAnswer(RuntimePod pod) throws Exception {
        until(() -> {
            if (!pod.log().contains(ANSWER)) {
                throw new IOException("no answer yet: " + pod.log());
            }
            return pod;
        });
    }

    /** Waits until the agent has no pod with that uid. */
    void awaitForgotten(String uid) throws Exception {
        until(() -> {
            String list = list();
            if (list.contains(uid)) {
                throw new IOException(list);
            }
            return uid;
        });
    }

    String list() throws Exception {
        return containerd.sandbox().exec(new JavaCommands(steps.directory()).client("list"));
    }

    /** What pods of the mesh have sent outside of tunnels since the node has begun. Nothing, if all is well. */
    List<String> plaintext() throws Exception {
        return capture.soFar().outsideTunnels(podAddresses());
    }

    /** All addresses that a pod can have. */
    static Set<InetAddress> podAddresses() throws IOException {
        Set<InetAddress> pods = new HashSet<>();
        for (int i = 2; i < 255; i++) { // 10.244.0.1 is the node's
            pods.add(InetAddress.getByName("10.244.0." + i));
        }
        return pods;
    }

    boolean onTheWire(String text) {
        return capture.soFar().contains(text);
    }

    private void awaitPlugin() throws Exception {
        until(() -> containerd.sandbox().exec("grep", "-q", "inpod-cni", "/etc/cni/net.d/10-pods.conflist"));
    }

    /** Tries again until it succeeds. */
    static <T> T until(Callable<T> attempt) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        for (;;) {
            try {
                return attempt.call();
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("not within " + LIMIT_SECONDS + " s: " + e.getMessage(), e);
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    @Override
    public void close() {
        capture.close();
        containerd.close();
    }
}
