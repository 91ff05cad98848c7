package io.inpod.examples.demo;

import static io.inpod.netns.InPodConstants.HBONE_PORT;

import io.inpod.examples.cluster.Containerd;
import io.inpod.examples.cluster.NodeProcess;
import io.inpod.examples.cluster.PodOrder;
import io.inpod.examples.cluster.RuntimePod;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The demo with pods that a real containerd starts through our CNI plugin. */
final class ContainersDemo implements Demonstration {
    private static final String SECRET = "the-secret-that-must-not-be-seen-on-the-wire";
    private static final String ANSWER = "hello from the app in pod B";
    private static final String SERVE = "echo '" + ANSWER + "' > /tmp/index.html; exec httpd -f -p 8080 -h /tmp";

    private final Story story;
    private final Containerd containerd;
    private final MeshNode node;

    ContainersDemo(String launcher, Story story) throws IOException, InterruptedException {
        this.story = story;
        this.containerd = Containerd.start("demo-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        this.node = new MeshNode(containerd.sandbox(), new LauncherCommands(launcher));
    }

    @Override
    public void tell() throws IOException, InterruptedException, DemoFailure {
        story.step("containerd, runc and the CNI plugins of Debian, on a node in a sandbox");
        story.show(containerd.sandbox().exec("containerd", "--version"));

        story.step("A node agent and a ztunnel; the agent installs our CNI plugin at the end of the list");
        NodeProcess agent = node.startAgent();
        NodeProcess ztunnel = node.startZtunnel();
        String list = node.awaitPlugin();
        story.show(list);
        story.claim(list.indexOf("inpod-cni") > list.indexOf("portmap"),
                "containerd calls it for each pod, after the plugins that were there");

        story.step("containerd makes pod B; the agent enrols it before anything runs in it");
        RuntimePod b = run("b", "sh", "-c", SERVE);
        story.show("pod-b  " + b.address().getHostAddress() + "  " + b.netns());
        story.show(containerd.sandbox().exec(agentLine("list")));
        node.announce(List.of(workload(b)), ztunnel);

        story.step("Pod A, whose first act is a request to pod B; everything on the node's links is captured meanwhile");
        RuntimePod a;
        WireCapture.Evidence wire;
        String url = "http://" + b.address().getHostAddress() + ":8080/";
        try (NetworkNamespace network = containerd.sandbox().network();
                WireCapture capture = WireCapture.start(network)) {
            a = run("a", "sh", "-c",
                    "until timeout 5 wget -qO- --header 'X-Secret: " + SECRET + "' " + url + "; do sleep 0.1; done; sleep 100000");
            node.announce(List.of(workload(a), workload(b)), ztunnel);
            awaitAnswer(a);
            wire = capture.stop();
        }
        story.show("pod-a $ wget -qO- --header 'X-Secret: ...' " + url + "\n" + ANSWER);
        story.claim(wire.tlsFramesByPort().getOrDefault(HBONE_PORT, 0) > 0, "TLS records to port " + HBONE_PORT);
        List<String> plain = wire.outsideTunnels(Set.of(a.address(), b.address()));
        story.show(String.join("\n", plain));
        story.claim(plain.isEmpty() && Stream.of(SECRET, ANSWER, "X-Secret").noneMatch(wire::contains),
                "and nothing of the request or its answer in clear, from pod A's first packet on");

        story.step("The agent is killed");
        agent.kill();
        story.claim(a.exec("timeout", "5", "wget", "-qO-", url).contains(ANSWER), "pods that run notice nothing");
        String refusal = refusal();
        story.show(refusal);
        story.claim(refusal.contains("agent"), "no pod starts meanwhile: it could be one of the mesh, and would speak in clear");

        story.step("The agent comes back");
        node.startAgent();
        story.show(awaitServed("uid-a", "uid-b"));
        story.claim(a.exec("timeout", "5", "wget", "-qO-", url).contains(ANSWER), "it has found its pods by itself; pod C still waits");
        run("c", "sleep", "100000");
        String served = awaitServed("uid-c");
        story.show(served);
        story.claim(served.contains("uid-c"), "and pods start again");

        story.step("Pod B is deleted");
        b.remove();
        Files.delete(podFile("b"));
        String left = Awaiting.until("the agent to let go of pod B", () -> {
            String pods = containerd.sandbox().exec(agentLine("list"));
            return pods.contains("uid-b") ? null : pods;
        });
        story.show(left);
        story.claim(left.contains("uid-a"), "the agent has let go of it; everything else ends with the sandbox");
    }

    /** Runs a pod of the mesh. */
    private RuntimePod run(String name, String... command) throws IOException, InterruptedException {
        describe(name);
        return containerd.run(PodOrder.of("default", "pod-" + name, "uid-" + name, command));
    }

    /** Tells the agent that a pod is in the mesh, as an orchestrator would: by a file. */
    private void describe(String name) throws IOException {
        Path file = podFile(name);
        Path next = file.resolveSibling("." + name);
        Files.writeString(next,
                "{\"uid\": \"uid-" + name + "\", \"name\": \"pod-" + name + "\", \"namespace\": \"default\", \"serviceAccount\": \"sa-pod-"
                        + name + "\"}");
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private Path podFile(String name) throws IOException {
        return containerd.sandbox().file("/run/inpod/pods/uid-" + name + ".json");
    }

    private static MeshWorkload workload(RuntimePod pod) throws IOException {
        return new MeshWorkload("default", pod.order().name(), "sa-" + pod.order().name(), pod.address());
    }

    private String refusal() throws IOException, InterruptedException {
        try {
            return "pod-c runs: " + run("c", "sleep", "100000").address();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void awaitAnswer(RuntimePod pod) throws IOException, InterruptedException, DemoFailure {
        Awaiting.until("pod A's first request", () -> pod.log().contains(ANSWER) ? pod : null);
    }

    private String awaitServed(String... uids) throws IOException, InterruptedException, DemoFailure {
        return Awaiting.until("the ztunnel to serve " + String.join(" and ", uids), () -> {
            String list = containerd.sandbox().exec(agentLine("list"));
            return Stream.of(uids).allMatch(uid -> list.lines().anyMatch(line -> line.contains(uid) && line.endsWith("\tserved"))) ? list
                    : null;
        });
    }

    private String[] agentLine(String command) {
        return Stream.concat(node.commands().agent().stream(), Stream.of(command)).toArray(String[]::new);
    }

    @Override
    public String waysIn() {
        return node.waysIn();
    }

    @Override
    public String logs() throws IOException, InterruptedException {
        return node.logs() + containerd.sandbox().logs();
    }

    @Override
    public void close() {
        containerd.close();
    }
}
