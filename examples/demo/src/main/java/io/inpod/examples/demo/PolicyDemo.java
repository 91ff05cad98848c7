package io.inpod.examples.demo;

import io.inpod.netns.testing.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/** A policy is changed on disk: what it will do is shown before, and an open connection ends. */
final class PolicyDemo implements Demonstration {
    private static final int APP_PORT = 8080;
    private static final String HOST = "web.default.svc.cluster.local";
    private static final String VIP = "10.96.0.10";
    private static final String ANSWER = "hello from the app in pod B";
    private static final String POLICY = """
            policies:
            - name: no-pod-a
              namespace: default
              scope: Namespace
              action: Deny
              dryRun: false
              rules: [[[{principals: [!Exact cluster.local/ns/default/sa/sa-pod-a]}]]]
            """;

    private final Story story;
    private final String profile;
    private final TwoPods node;

    PolicyDemo(String launcher, String profile, Story story) throws IOException {
        this.story = story;
        this.profile = profile;
        this.node = new TwoPods(launcher);
    }

    private static String url(String path) {
        return "http://" + HOST + path;
    }

    @Override
    public void tell() throws IOException, InterruptedException, DemoFailure {
        Pod a = node.network().pod(0);
        Pod b = node.network().pod(1);
        story.step("A client in pod A, an HTTP server in pod B, and a service " + HOST + " that has the address " + VIP);
        Path mesh = Files.writeString(node.home().resolve("mesh.yaml"), mesh(a, b));
        Path next = Files.writeString(node.home().resolve("next.yaml"), mesh(a, b) + POLICY);
        nameServer();
        node.start(mesh, Map.of("ISTIO_META_DNS_CAPTURE", "true"), "--profile", profile, "--dns-capture");
        node.enrol(a);
        node.enrol(b);
        node.startApp(b, APP_PORT, ANSWER);
        node.processes().run("ip", "-n", a.name(), "route", "replace", "default", "dev", "eth0"); // to the service's address
        String answer = node.inside(a, curl("/"));
        story.show("pod-a $ curl " + url("/") + "\n" + answer);
        story.claim(answer.contains(ANSWER), "the request is allowed: there is no policy");

        story.step("A connection that stays open");
        node.processes().start("stream", Map.of(), TwoPods.entered(a, curl("/stream")));
        node.processes().awaitOutput("stream", "still here");
        story.show("pod-a $ curl " + url("/stream") + "\n"
                + Files.readString(node.processes().output("stream")).lines().findFirst().orElse(""));

        story.step("What a new configuration would change, before it is applied");
        story.show(POLICY);
        String explained = node.explain("--from", a.name(), "--to", HOST + ":80", "--change", next.toString());
        story.show("$ ./inpod explain --from pod-a --to " + HOST + ":80 --change next.yaml\n" + explained);
        story.claim(explained.contains("REFUSED denied by") && explained.contains("explicitly denied by: default/no-pod-a"),
                "the policy would deny the request, and cut the open connection");

        story.step("The new configuration replaces the old one on disk");
        Files.move(next, mesh, StandardCopyOption.ATOMIC_MOVE);
        node.processes().awaitEnd("stream");
        story.show("$ mv next.yaml mesh.yaml");
        story.show(lastLine("stream"));
        node.processes().awaitOutput("ztunnel", "policy change");
        String cut = Files.readAllLines(node.processes().output("ztunnel")).stream().filter(line -> line.contains("policy change"))
                .findFirst().orElse("");
        story.show(cut);
        story.claim(cut.contains("explicitly denied by: default/no-pod-a"), "the open connection was cut, and the log says why");

        story.step("A new request");
        String refused = node.processes().fail(TwoPods.entered(a, curl("/")));
        story.show("pod-a $ curl " + url("/") + "\n" + refused);
        story.claim(!refused.contains(ANSWER), "it is denied");
    }

    /** Pods would ask a name server that doesn't exist; whatever the address is, the query goes to the ztunnel. */
    private void nameServer() throws IOException, InterruptedException, DemoFailure {
        Path file = Files.writeString(node.home().resolve("resolv.conf"), "nameserver 192.0.2.53\n");
        node.processes().run("mount", "--bind", file.toString(), Path.of("/etc/resolv.conf").toRealPath().toString());
    }

    private String lastLine(String process) throws IOException {
        return Files.readAllLines(node.processes().output(process)).stream().reduce((first, second) -> second).orElse("");
    }

    private static String[] curl(String path) {
        return new String[] {"curl", "-sS", "-N", "--max-time", "30", url(path)};
    }

    private static String mesh(Pod a, Pod b) {
        StringBuilder mesh = new StringBuilder("workloads:\n");
        for (Pod pod : List.of(a, b)) {
            mesh.append("- {uid: demo//v1/Pod/default/").append(pod.name()).append(", name: ").append(pod.name())
                    .append(", namespace: default, serviceAccount: sa-").append(pod.name()).append(", workloadIps: [")
                    .append(pod.address().getHostAddress()).append("], protocol: HBONE, node: demo");
            if (pod == b) {
                mesh.append(", services: {default/").append(HOST).append(": {80: ").append(APP_PORT).append("}}");
            }
            mesh.append("}\n");
        }
        return mesh + "services:\n- {name: web, namespace: default, hostname: " + HOST + ", vips: [/" + VIP + "], ports: {80: " + APP_PORT
                + "}}\n";
    }

    @Override
    public String waysIn() {
        return "Everything stays up until you press Enter. The mesh is in " + node.home().resolve("mesh.yaml") + " inside the sandbox:\n"
                + "  nsenter -t $(pgrep -n -f " + Main.class.getName() + ") -m -n -p bash\n";
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
