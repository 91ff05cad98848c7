package io.inpod.examples.demo;

import static io.inpod.netns.InPodConstants.HBONE_PORT;
import static io.inpod.netns.InPodConstants.INBOUND_PLAINTEXT_PORT;
import static io.inpod.netns.InPodConstants.OUTBOUND_PORT;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The demo's steps: pods, agent, proxy, app, one request, and the evidence of what happened to it. */
final class Demo implements Demonstration {
    private static final int APP_PORT = 8080;
    private static final List<Integer> PROXY_PORTS = List.of(OUTBOUND_PORT, INBOUND_PLAINTEXT_PORT, HBONE_PORT);
    private static final int IPV6_PREFIX = 64;
    private static final String SECRET = "the-secret-that-must-not-be-seen-on-the-wire";
    private static final String ANSWER = "hello from the app in pod B";

    private final String profile;
    private final boolean ipv6;
    private final Story story;
    private final Path home;
    private final Processes processes;
    private final PodNetwork network;
    private final TwoPods node;

    Demo(String launcher, String profile, boolean ipv6, Story story) throws IOException {
        this.profile = profile;
        this.ipv6 = ipv6;
        this.story = story;
        this.node = new TwoPods(launcher);
        this.home = node.home();
        this.processes = node.processes();
        this.network = node.network();
        if (ipv6) {
            for (Pod pod : network.pods()) {
                try (Rtnetlink links = Rtnetlink.open(pod.namespace())) {
                    links.addresses().add("eth0", address(pod), IPV6_PREFIX);
                }
            }
        }
    }

    /** Returns the pod's address that the demo uses. */
    private InetAddress address(Pod pod) throws IOException {
        return ipv6 ? InetAddress.getByName("fd77::" + pod.address().getAddress()[3]) : pod.address();
    }

    private String url(Pod pod) throws IOException {
        String host = NetUtil.toAddressString(address(pod));
        return "http://" + (ipv6 ? "[" + host + "]" : host) + ":" + APP_PORT + "/";
    }

    @Override
    public void tell() throws IOException, InterruptedException, DemoFailure {
        Pod a = network.pod(0);
        Pod b = network.pod(1);
        story.step("Two pods, each a network namespace on the bridge " + PodNetwork.BRIDGE + " of a node");
        for (Pod pod : network.pods()) {
            story.show(pod.name() + "  " + NetUtil.toAddressString(address(pod)) + "  " + pod.namespace().identity());
        }

        story.step("A node agent and a ztunnel, two processes on the node, in neither pod (profile " + profile + ")");
        startNode(a, b);
        for (String name : List.of("agent", "ztunnel")) {
            story.show(name + "  pid " + processes.pid(name) + "  "
                    + Files.readSymbolicLink(Path.of("/proc/" + processes.pid(name) + "/ns/net")));
        }

        story.step("The agent installs the rules in both pods, then hands their namespaces to the ztunnel as file descriptors");
        story.show(node.enrol(a));
        story.show(node.enrol(b));
        String listeners = node.inside(b, "ss", "-ntlp");
        story.show(listeners);
        story.claim(PROXY_PORTS.stream().allMatch(port -> listeners.contains("*:" + port + " ")),
                "the ztunnel listens on " + OUTBOUND_PORT + ", " + INBOUND_PLAINTEXT_PORT + " and " + HBONE_PORT
                        + " inside pod B, where none of its threads is");
        String rules = node.inside(b, ipv6 ? "ip6tables-save" : "iptables-save");
        story.show(rules.lines().filter(line -> line.startsWith("*") || line.startsWith("-A")).reduce("", (x, y) -> x + "\n" + y));
        story.claim(rules.contains("--to-ports " + OUTBOUND_PORT), "pod B's own kernel rules redirect what its apps send");

        story.step("An HTTP server in pod B, and a request from pod A, neither aware of the redirection");
        node.startApp(b, APP_PORT, ANSWER);
        String url = url(b);
        WireCapture.Evidence wire;
        try (WireCapture capture = WireCapture.start(network.node(), b.link())) {
            String response = node.inside(a, "curl", "-g", "-sS", "-i", "--max-time", "30", "-H", "X-Secret: " + SECRET, url);
            wire = capture.stop();
            story.show("pod-a $ curl -i -H 'X-Secret: ...' " + url + "\n" + response);
            story.claim(response.startsWith("HTTP/1.1 200") && response.contains(ANSWER), "the request was answered");
            story.claim(response.contains("peer: " + address(a).getHostAddress() + "\n"),
                    "the app saw pod A's address, " + NetUtil.toAddressString(address(a)));
        }
        tellIdentities();
        tellWire(wire);
    }

    private void startNode(Pod a, Pod b) throws IOException, InterruptedException, DemoFailure {
        Path mesh = home.resolve("mesh.yaml");
        StringBuilder workloads = new StringBuilder("workloads:\n");
        for (Pod pod : List.of(a, b)) {
            workloads.append("- uid: demo//v1/Pod/default/").append(pod.name()).append("\n  name: ").append(pod.name())
                    .append("\n  namespace: default\n  serviceAccount: sa-").append(pod.name())
                    .append("\n  workloadIps: [\"").append(pod.address().getHostAddress())
                    .append(ipv6 ? "\", \"" + NetUtil.toAddressString(address(pod)) : "").append("\"]\n  protocol: HBONE\n  node: demo\n");
        }
        Files.writeString(mesh, workloads);
        node.start(mesh, Map.of(), "--profile", profile);
    }

    private void tellIdentities() throws IOException, InterruptedException, DemoFailure {
        story.step("What the ztunnel logged");
        processes.awaitOutput("ztunnel", "direction=\"outbound\"");
        processes.awaitOutput("ztunnel", "direction=\"inbound\"");
        List<String> lines = Files.readAllLines(processes.output("ztunnel")).stream().filter(line -> line.contains("\taccess\t")).toList();
        lines.forEach(story::show);
        Optional<Matcher> inbound = lines.stream().filter(line -> line.contains("direction=\"inbound\""))
                .map(Pattern.compile("src\\.identity=\"(\\S+)\".*dst\\.identity=\"(\\S+)\"")::matcher).filter(Matcher::find).findFirst();
        String source = inbound.map(match -> match.group(1)).orElse("nobody");
        String destination = inbound.map(match -> match.group(2)).orElse("nobody");
        story.claim(
                source.equals("spiffe://cluster.local/ns/default/sa/sa-pod-a")
                        && destination.equals("spiffe://cluster.local/ns/default/sa/sa-pod-b"),
                "both sides proved their identities with TLS certificates: " + source + " and " + destination);
    }

    private void tellWire(WireCapture.Evidence wire) {
        story.step("What passed between the pods, seen by an AF_PACKET socket on pod B's link");
        story.show(wire.frames().size() + " frames; with TLS records, by port: " + wire.tlsFramesByPort() + "; with any data: "
                + wire.dataFramesByPort());
        story.claim(wire.tlsFramesByPort().getOrDefault(HBONE_PORT, 0) > 0, "TLS records to port " + HBONE_PORT);
        story.claim(wire.dataFramesByPort().keySet().equals(java.util.Set.of(HBONE_PORT)), "and no data to any other port");
        story.claim(Stream.of(SECRET, ANSWER, "HTTP/1.1", "X-Secret").noneMatch(wire::contains),
                "the text of the request and of its answer is nowhere on the link");
    }

    @Override
    public String waysIn() throws IOException {
        // In an ordinary user's user namespace only that user's id is mapped.
        boolean ordinaryUser = !Files.readString(Path.of("/proc/self/uid_map")).strip().endsWith(" 4294967295");
        return """
                Everything stays up until you press Enter. To look inside, from another terminal:
                  alias inside="nsenter -t $(pgrep -n -f %s) %s-m -n -p env PATH=$PATH:/usr/sbin:/sbin"
                  inside ip netns list
                  inside ip netns exec pod-a curl -g -i %s
                  inside ip netns exec pod-b %s
                  inside ip netns exec pod-b ss -ntlp
                  inside tail %s
                """.formatted(Main.class.getName(), ordinaryUser ? "-U --preserve-credentials " : "", url(network.pod(1)),
                ipv6 ? "ip6tables-save" : "iptables-save",
                processes.output("ztunnel"));
    }

    @Override
    public String logs() throws IOException {
        return node.logs();
    }

    @Override
    public void close() {
        node.close();
    }
}
