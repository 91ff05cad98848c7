package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in real processes: an agent and its commands. */
@Pods
class MainTest {
    @TempDir
    Path directory;

    private ChildProcess process;
    private Path uds;
    private Path control;

    /** The result of a command. */
    private record Outcome(int code, String out, String err) {}

    @BeforeEach
    void start() throws IOException {
        uds = directory.resolve("zds/ztunnel.sock");
        control = directory.resolve("inpod/agent.sock");
        launch();
    }

    private void launch() throws IOException {
        ProcessBuilder command = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), Main.class.getName(), "agent", "--control", control.toString(), "--profile", "tproxy");
        command.environment().put("INPOD_UDS", uds.toString());
        process = ChildProcess.start(command.redirectErrorStream(true));
        process.lineWith("control socket: " + control);
        process.lineWith("profile: tproxy");
    }

    @AfterEach
    void stop() throws Exception {
        process.close();
    }

    private Outcome run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--control";
        all[arguments.length + 1] = control.toString();
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), all);
        return new Outcome(code, out.toString().strip(), err.toString().strip());
    }

    @Test
    void aPodIsAddedListedAndSurvivesTheAgent(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        assertThat(run("list")).isEqualTo(new Outcome(0, "no pods", ""));
        try (ChildProcess inPod = ChildProcess.start(Tool.inside(pod, "sh", "-c", "echo up; exec cat")); FakeProxy proxy = new FakeProxy(uds)) {
            inPod.expect("up");
            proxy.expectSnapshot();
            CompletableFuture<Outcome> added = CompletableFuture.supplyAsync(() -> run("add", "--uid", "u1", "--name", "web-0",
                    "--namespace", "shop", "--service-account", "web", "--pid", Long.toString(inPod.handle().pid()), "--annotation", "ambient.istio.io/dns-capture=true",
                    "--annotation", "example.com/note=a,b=c"));
            proxy.expectAdd(pod, "u1", "web-0", "shop", "web");
            proxy.ack();
            assertThat(added.get()).isEqualTo(new Outcome(0, "pod u1 enrolled", ""));
            assertThat(process.lineWith("pod u1 (shop/web-0) enrolled")).matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z\tinfo\tnodeagent\tpod u1 .*");
            assertThat(run("list").out()).isEqualTo("u1\tshop/web-0\tweb\t" + pod.identity() + "\tserved");
            assertThat(run("verify")).isEqualTo(new Outcome(0, "u1\t" + pod.identity() + "\tas expected", ""));
            Tool.run(pod, "iptables", "-t", "mangle", "-F", "ISTIO_PRERT");
            Outcome different = run("verify");
            assertThat(different.code()).isEqualTo(1);
            assertThat(different.out()).startsWith("u1\t" + pod.identity() + "\t").contains("ISTIO_PRERT");
            assertThat(run("list").out()).endsWith("\tserved");
            proxy.leave();
            process.lineWith("session ended");
            assertThat(run("list").out()).endsWith("\tclosed\tno ztunnel is connected");
            process.handle().destroy(); // SIGTERM
            process.lineWith("1 pods stay enrolled");
            process.awaitExit();
            Traces.assertRedirected(pod);
            assertThat(Tool.run(pod, "iptables-save")).contains("--to-ports 15053");
        }
        assertThat(run("list").code()).isEqualTo(1);
    }

    @Test
    void anAgentKilledWhileTheProxyDecidesIsFollowedByOneThatFinishes(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (FakeProxy proxy = new FakeProxy(uds)) {
            proxy.expectSnapshot();
            CompletableFuture<Outcome> added = CompletableFuture.supplyAsync(() -> run("add", "--uid", "u1", "--name", "web-0",
                    "--netns", path(pod)));
            proxy.expectAdd(pod, "u1");
            process.handle().destroyForcibly(); // SIGKILL
            process.awaitExit();
            assertThat(added.get().code()).isEqualTo(1);
            Traces.assertRedirected(pod);
        }
        process.close();
        launch();
        try (FakeProxy proxy = new FakeProxy(uds)) {
            proxy.expectAdd(pod, "u1", "web-0");
            proxy.ack();
            proxy.expectSnapshot();
            process.lineWith("pod u1 (default/web-0) enrolled");
            CompletableFuture<Outcome> deleted = CompletableFuture.supplyAsync(() -> run("delete", "--uid", "u1"));
            proxy.expectDel("u1");
            proxy.ack();
            assertThat(deleted.get()).isEqualTo(new Outcome(0, "pod u1 deleted", ""));
        }
        Traces.assertClean(pod);
    }

    private static String path(NetworkNamespace pod) {
        try {
            return Tool.pathOf(pod).toString();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The agent uses the profile tproxy. */
    @Test
    void wishesThatDoNotFitTheProfileAreRefused(PodNetwork network) throws Exception {
        try (FakeProxy proxy = new FakeProxy(uds)) {
            proxy.expectSnapshot();
            Outcome refused = run("add", "--uid", "u1", "--name", "a", "--netns", Tool.pathOf(network.pod(0).namespace()).toString(),
                    "--annotation", "ambient.istio.io/bypass-inbound-capture=true");
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.err()).contains("plan its redirection", "ingress needs the profile REDIRECT");
        }
        Traces.assertClean(network.pod(0).namespace());
    }

    @Test
    void failuresAreToldAndTheAgentStays() {
        assertThat(run("delete", "--uid", "u1").err()).contains("pod u1 is unknown");
        Outcome file = run("add", "--uid", "u1", "--name", "a", "--netns", "/dev/null");
        assertThat(file.code()).isEqualTo(1);
        assertThat(file.err()).contains("/dev/null is not a network namespace but a character device");
        assertThat(run("add", "--uid", "u1", "--name", "a", "--netns", "/proc/self/ns/net").err()).contains("would cut off the node");
        assertThat(run("add", "--uid", "u1", "--name", "a").code()).isEqualTo(2);
        assertThat(run("add", "--uid", "u1", "--name", "a", "--netns", "/dev/null", "--annotation", "nonsense").code()).isEqualTo(2);
        assertThat(run("add", "--uid", "u1", "--name", "a", "--netns", "/dev/null", "--annotation", "ambient.istio.io/dns-capture=perhaps").err())
                .contains("annotation ambient.istio.io/dns-capture is \"perhaps\", not true or false");
        assertThat(run("add", "--uid", "u1", "--name", "a", "--netns", "no-such-name").err()).contains("/run/netns/no-such-name");
        assertThat(run("list").code()).isZero();
        assertThat(run("verify")).isEqualTo(new Outcome(0, "no pods", ""));
        assertThat(run("agent", "--uds", uds.toString())).satisfies(second -> {
            assertThat(second.code()).isEqualTo(1);
            assertThat(second.err()).contains("another agent is running", uds.toString(), "--uds and --control");
        });
        control = directory.resolve("other.sock");
        assertThat(run("list").err()).contains(control.toString()).contains("no agent listens");
    }
}
