package io.inpod.examples.demo;

import static io.inpod.netns.InPodConstants.HBONE_PORT;

import io.inpod.examples.cluster.KubernetesNode;
import io.inpod.examples.cluster.NodeProcess;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The demo with two deployments on a real Kubernetes node. */
final class KubernetesDemo implements Demonstration {
    private static final String SECRET = "the-secret-that-must-not-be-seen-on-the-wire";
    private static final String ANSWER = "hello from the server";
    private static final String NAMESPACE = "shop";
    private static final String DEPLOYMENT = """
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: %1$s, namespace: shop}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: %1$s, namespace: shop}
            spec:
              selector: {matchLabels: {app: %1$s}}
              template:
                metadata: {labels: {app: %1$s}}
                spec:
                  serviceAccountName: %1$s
                  terminationGracePeriodSeconds: 1
                  containers:
                    - name: main
                      image: localhost/busybox:1
                      command: [sh, -c, "trap 'exit 0' TERM; %2$s & wait"]
                      %3$s
            """;

    private final Story story;
    private final KubernetesNode cluster;
    private final MeshNode node;

    KubernetesDemo(String launcher, Story story) throws IOException, InterruptedException {
        this.story = story;
        System.out.println("A Kubernetes node starts; this takes about ten seconds.");
        this.cluster = KubernetesNode.start("demo-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        this.node = new MeshNode(cluster.sandbox(), new LauncherCommands(launcher));
    }

    @Override
    public void tell() throws IOException, InterruptedException, DemoFailure {
        story.step("A Kubernetes node: API server, etcd, scheduler, controller manager, kubelet and containerd");
        story.show(cluster.kubectl("get", "nodes", "-o", "wide"));

        story.step("A node agent that watches the API server and installs our CNI plugin, and a ztunnel");
        NodeProcess agent = startAgent();
        NodeProcess ztunnel = node.startZtunnel();
        String plugins = node.awaitPlugin();
        story.show(plugins);
        story.claim(plugins.indexOf("inpod-cni") > plugins.indexOf("portmap"),
                "containerd calls it for each pod, after the plugins that were there");

        story.step("Two deployments in a namespace with the label istio.io/dataplane-mode=ambient");
        WireCapture.Evidence wire;
        try (NetworkNamespace network = cluster.sandbox().network();
                WireCapture capture = WireCapture.start(network)) {
            cluster.kubectl("create", "namespace", NAMESPACE);
            cluster.kubectl("label", "namespace", NAMESPACE, "istio.io/dataplane-mode=ambient");
            deploy("server", "echo '" + ANSWER + "' > /tmp/index.html; httpd -f -p 8080 -h /tmp",
                    "readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}");
            deploy("client", "sleep 100000", "");
            cluster.await("jsonpath={.metadata.annotations.ambient\\.istio\\.io/redirection}=enabled", "-n", NAMESPACE, "pod", "--all");
            String pods = cluster.kubectl("get", "pods", "-n", NAMESPACE, "-o",
                    "custom-columns=NAME:.metadata.name,IP:.status.podIP,"
                            + "REDIRECTION:.metadata.annotations.ambient\\.istio\\.io/redirection");
            story.show(pods);
            story.claim(pods.lines().filter(line -> line.strip().endsWith(" enabled")).count() == 2,
                    "the ztunnel serves both; the agent has written that onto them");
            node.announce(workloads(), ztunnel);

            story.step("One request from a pod of the one to a pod of the other; everything on the node's links has been captured");
            String response = request();
            story.show("client $ wget -qO- --header 'X-Secret: ...' http://SERVER:8080/\n" + response);
            story.claim(response.contains(ANSWER), "the request was answered");
            wire = capture.soFar();
            judge(wire);

            story.step("The agent is killed, and started again");
            agent.kill();
            story.claim(request().contains(ANSWER), "pods that run notice nothing");
            agent = startAgent();
            story.claim(request().contains(ANSWER), "and nothing when it is back");

            story.step("The server's pod is deleted, and the deployment makes another one");
            String before = pod("server");
            cluster.kubectl("delete", "pod", "-n", NAMESPACE, before, "--timeout=60s");
            cluster.kubectl("rollout", "status", "deployment/server", "-n", NAMESPACE, "--timeout=90s");
            story.show(before + " is gone, " + pod("server") + " is there");
            node.announce(workloads(), ztunnel);
            story.claim(request().contains(ANSWER), "the next request reaches the new pod");
            wire = capture.stop();
            judge(wire);
        }
        story.step("Everything ends with the node's sandbox");
    }

    private NodeProcess startAgent() throws IOException, InterruptedException {
        return node.startAgent("--kubernetes", "--node-name", MeshWorkload.NODE, "--kubeconfig", cluster.kubeconfig().toString(),
                "--node-netns", "/proc/1/ns/net");
    }

    private void deploy(String name, String command, String probe) throws IOException, InterruptedException {
        cluster.apply(DEPLOYMENT.formatted(name, command, probe));
        cluster.kubectl("rollout", "status", "deployment/" + name, "-n", NAMESPACE, "--timeout=90s");
    }

    private String request() throws IOException, InterruptedException {
        String server = cluster.kubectl("get", "pods", "-n", NAMESPACE, "-l", "app=server", "-o", "jsonpath={.items[0].status.podIP}");
        return cluster.kubectl("exec", "-n", NAMESPACE, pod("client"), "--", "timeout", "10", "wget", "-qO-", "--header",
                "X-Secret: " + SECRET,
                "http://" + server + ":8080/");
    }

    private String pod(String app) throws IOException, InterruptedException {
        return cluster.kubectl("get", "pods", "-n", NAMESPACE, "-l", "app=" + app, "-o", "jsonpath={.items[0].metadata.name}");
    }

    private List<MeshWorkload> workloads() throws IOException, InterruptedException {
        List<MeshWorkload> pods = new ArrayList<>();
        for (String line : cluster.kubectl("get", "pods", "-n", NAMESPACE, "-o",
                "jsonpath={range .items[*]}{.metadata.name} {.spec.serviceAccountName} {.status.podIP}{\"\\n\"}{end}").lines().toList()) {
            String[] words = line.split(" ");
            pods.add(new MeshWorkload(NAMESPACE, words[0], words[1], InetAddress.getByName(words[2])));
        }
        return pods;
    }

    private void judge(WireCapture.Evidence wire) throws IOException, InterruptedException {
        Set<InetAddress> pods = workloads().stream().map(MeshWorkload::address).collect(Collectors.toSet());
        WireCapture.Evidence own = wire.of(pods);
        List<String> plain = own.outsideTunnels(pods);
        story.show(String.join("\n", plain));
        story.claim(own.tlsFramesByPort().getOrDefault(HBONE_PORT, 0) > 0, "TLS records to port " + HBONE_PORT);
        story.claim(plain.isEmpty() && Stream.of(SECRET, ANSWER, "X-Secret").noneMatch(own::contains),
                "and nothing of any request or answer in clear, from the pods' first packets on");
    }

    @Override
    public String waysIn() {
        return node.waysIn();
    }

    @Override
    public String logs() throws IOException, InterruptedException {
        return node.logs() + cluster.sandbox().logs();
    }

    @Override
    public void close() {
        cluster.close();
    }
}
