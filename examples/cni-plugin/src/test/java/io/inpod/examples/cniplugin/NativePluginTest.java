package io.inpod.examples.cniplugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.cniplugin.FakeAgent.Question;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Tool;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The plugin as a runtime starts it, with an agent and without. */
@Pods(perClass = true)
class NativePluginTest {
    private static final String PREVIOUS = "{ \"cniVersion\":\"1.0.0\",\"ips\" : [{\"address\":\"10.0.0.5\\u002f24\"}],\n\"x\":1.50e+1,\"ü\":[ ] }";
    private static final String ARGS = "IgnoreUnknown=1;K8S_POD_NAME=web-0;K8S_POD_UID=u1;K8S_POD_NAMESPACE=shop;K8S_POD_INFRA_CONTAINER_ID=c1";

    @TempDir
    static Path programs;

    private static Path program = Path.of("");

    @TempDir
    Path directory;

    private Path socket = Path.of("");

    /** The result of a call. */
    private record Outcome(int code, String out) {}

    @BeforeAll
    static void extract() throws IOException {
        program = Files.write(programs.resolve(NativePlugin.NAME), NativePlugin.program());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        Tool.require("python3");
    }

    @BeforeEach
    void path() {
        socket = directory.resolve("run/plugin.sock");
    }

    private String configuration(String more) {
        return "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"inpod-cni\",\"agentSocket\":\"" + socket + "\"" + more + "}";
    }

    private Outcome call(String command, String args, String input) throws Exception {
        return call(command, args, input, "/proc/self/ns/net");
    }

    private Outcome call(String command, String args, String input, String netns) throws Exception {
        return await(start(command, args, input, netns));
    }

    private Process start(String command, String args, String input, String netns) throws IOException {
        File config = Files.writeString(Files.createTempFile(directory, "config", ""), input).toFile();
        ProcessBuilder builder = new ProcessBuilder(program.toString()).redirectInput(config).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("CNI_COMMAND", command);
        builder.environment().put("CNI_CONTAINERID", "c1");
        builder.environment().put("CNI_NETNS", netns);
        builder.environment().put("CNI_IFNAME", "eth0");
        builder.environment().put("CNI_ARGS", args);
        builder.environment().put("HOME", "/root");
        return builder.start();
    }

    private static Outcome await(Process process) throws Exception {
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), out);
    }

    @ParameterizedTest
    @CsvSource({"0.3.1,0.3.1", "0.4.0,0.4.0", "1.0.0,1.0.0", "1.1.0,1.1.0", "9.9.9,1.1.0"})
    void versionIsAnswered(String asked, String answered) throws Exception {
        assertThat(call("VERSION", "", "{\"cniVersion\":\"" + asked + "\"}")).isEqualTo(
                new Outcome(0, "{\"cniVersion\":\"" + answered + "\",\"supportedVersions\":[\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}"));
    }

    @Test
    void thePodIsTheAgentsDecision(PodNetwork network) throws Exception {
        Pod pod = network.pod(0);
        try (FakeAgent agent = new FakeAgent(socket, "0")) {
            String input = configuration(",\"prevResult\": " + PREVIOUS + " ");
            assertThat(call("ADD", ARGS, input, Tool.pathOf(pod.namespace()).toString())).isEqualTo(new Outcome(0, PREVIOUS));
            Question question = agent.questions.take();
            assertThat(question.environment().split("\0")).contains("INPOD_PATIENCE_MS=19000", "CNI_COMMAND=ADD", "CNI_ARGS=" + ARGS,
                    "CNI_IFNAME=eth0", "CNI_CONTAINERID=c1").doesNotContain("HOME=/root");
            assertThat(question.configuration()).isEqualTo(input);
            assertThat(question.netns()).isEqualTo(pod.namespace().identity().toString());
        }
    }

    @Test
    void theAgentsErrorIsTheRuntimes() throws Exception {
        try (FakeAgent agent = new FakeAgent(socket, "1{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"ü\"}", "nonsense")) {
            assertThat(call("ADD", ARGS, configuration(""))).isEqualTo(new Outcome(1, "{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"ü\"}"));
            assertThat(call("CHECK", ARGS, configuration(""))).satisfies(result -> {
                assertThat(result.code()).isEqualTo(1);
                assertThat(result.out()).contains("\"code\":5", "of the same version");
            });
            assertThat(agent.questions).hasSize(2);
        }
    }

    @Test
    void withoutAPreviousResultTheResultIsEmpty() throws Exception {
        try (FakeAgent agent = new FakeAgent(socket, "0", "0", "0")) {
            assertThat(call("ADD", ARGS, configuration(""))).isEqualTo(new Outcome(0, "{\"cniVersion\":\"1.0.0\"}"));
            assertThat(call("ADD", ARGS, configuration(",\"prevResult\":null"))).isEqualTo(new Outcome(0, "{\"cniVersion\":\"1.0.0\"}"));
            assertThat(call("CHECK", ARGS, configuration(",\"prevResult\":{}"))).isEqualTo(new Outcome(0, ""));
            assertThat(agent.questions).hasSize(3);
        }
    }

    @Test
    void aLargeConfigurationArrivesWhole() throws Exception {
        try (FakeAgent agent = new FakeAgent(socket, "0")) {
            String input = configuration(",\"prevResult\":{\"a\":\"" + "0123456789".repeat(70_000) + "\"}");
            assertThat(call("ADD", ARGS, input).code()).isZero();
            assertThat(agent.questions.take().configuration()).isEqualTo(input);
        }
    }

    @Test
    void withoutAnAgentAPodDoesNotStart() throws Exception {
        String config = configuration(",\"excludeNamespaces\":[\"kube-system\",\"inpod\\u002dsystem\"],\"prevResult\":" + PREVIOUS);
        Outcome refused = call("ADD", ARGS, config);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.out()).startsWith("{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"inpod's node agent doesn't answer")
                .contains(socket + ": No such file or directory", "agent of this node", "inpod agent uninstall", "/etc/cni/net.d");

        for (String outside : new String[] {"K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns", "K8S_POD_NAME=agent;K8S_POD_NAMESPACE=inpod-system", "", "IgnoreUnknown=1;;=;A"}) {
            assertThat(call("ADD", outside, config)).as(outside).isEqualTo(new Outcome(0, PREVIOUS));
            assertThat(call("CHECK", outside, config)).as(outside).isEqualTo(new Outcome(0, ""));
        }
        assertThat(call("DEL", ARGS, config)).isEqualTo(new Outcome(0, ""));
        assertThat(call("DEL", ARGS, config, "")).isEqualTo(new Outcome(0, ""));
        assertThat(call("DEL", ARGS, "nonsense", "")).isEqualTo(new Outcome(0, ""));
        assertThat(call("GC", "", config)).isEqualTo(new Outcome(0, ""));
        assertThat(call("STATUS", "", config)).isEqualTo(new Outcome(0, ""));
    }

    /** None of them may pass as a pod of the excluded namespace. */
    @ParameterizedTest
    @ValueSource(strings = {
        "K8S_POD_NAMESPACE=kube-system;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE=shop;K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE=;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE=kube-system=;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE=kube-system2;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE=kube-syste;K8S_POD_NAME=a",
        "K8S_POD_NAMESPACE=KUBE-SYSTEM;K8S_POD_NAME=a",
        "K8S_POD_NAME=K8S_POD_NAMESPACE=kube-system",
        "K8S_POD_NAME=a",
        "X=K8S_POD_NAMESPACE=kube-system;K8S_POD_NAMESPACE=shop"
    })
    void whatIsNotCertainlyExcludedIsAsked(String args) throws Exception {
        try (FakeAgent agent = new FakeAgent(socket, "1{}")) {
            assertThat(call("ADD", args, configuration(",\"excludeNamespaces\":[\"kube-system\"]"))).isEqualTo(new Outcome(1, "{}"));
            assertThat(agent.questions.take().environment()).contains("CNI_ARGS=" + args + "\0");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "ADD||code\":6|is not JSON",
        "ADD|nonsense|code\":6|is not JSON",
        "ADD|[]|code\":6|no JSON object",
        "ADD|{\"cniVersion\":\"1.0.0\"} x|code\":6|is not JSON",
        "ADD|{\"cniVersion\":\"1.0.0\",\"x\":DEEP}|code\":6|too deeply",
        "ADD|{}|code\":1|version 0.1.0",
        "ADD|{\"cniVersion\":\"2.0.0\"}|code\":1|version 2.0.0",
        "ADD|{\"cniVersion\":\"1\\\"\\u0000\"}|code\":1|isn't a short string",
        "ADD|{\"cniVersion\":7}|code\":1|isn't a short string",
        "ADD|{\"cniVersion\":\"1.0.0\",\"cniVersion\":\"1.0.0\"}|code\":7|twice",
        "ADD|{\"cniVersion\":\"1.0.0\",\"prevResult\":{},\"prev\\u0052esult\":{}}|code\":7|twice",
        "ADD|{\"cniVersion\":\"1.0.0\",\"prevResult\":[]}|code\":6|must be an object",
        "ADD|{\"cniVersion\":\"1.0.0\",\"agentSocket\":\"plugin.sock\"}|code\":7|absolute path",
        "ADD|{\"cniVersion\":\"1.0.0\",\"timeoutSeconds\":0}|code\":7|from 1 to 100",
        "ADD|{\"cniVersion\":\"1.0.0\",\"timeoutSeconds\":2.5}|code\":7|from 1 to 100",
        "ADD|{\"cniVersion\":\"1.0.0\",\"timeoutSeconds\":18446744073709551617}|code\":7|from 1 to 100",
        "ADD|{\"cniVersion\":\"1.0.0\",\"excludeNamespaces\":\"a\"}|code\":7|array of strings",
        "ADD|{\"cniVersion\":\"1.0.0\",\"excludeNamespaces\":[1]}|code\":7|array of strings",
        "STATUS|{\"cniVersion\":\"1.0.0\",\"timeoutSeconds\":0}|code\":7|from 1 to 100",
        "add|{\"cniVersion\":\"1.0.0\"}|code\":4|CNI_COMMAND must be",
    })
    void mistakesAreExplained(String command, String input, String code, String reason) throws Exception {
        String document = Objects.requireNonNullElse(input, "").replace("DEEP", "[".repeat(200) + "]".repeat(200));
        Outcome refused = call(command, ARGS, document);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.out()).contains(code, reason);
    }

    @Test
    void tooMuchIsRefused() throws Exception {
        assertThat(call("ADD", ARGS, configuration(",\"a\":\"" + "x".repeat(1 << 20) + "\"")).out()).contains("larger than 1048576 bytes");
        assertThat(call("ADD", "K8S_POD_NAME=" + "x".repeat(70_000), configuration("")).out()).contains("longer than 65536 bytes");
        assertThat(call("ADD", ARGS, configuration(""), "/nowhere\"\\\n\u00fc").out()).contains("can't open the network namespace /nowhere\\\"\\\\???");
    }

    @Test
    void standardStreamsMayBeClosed() throws Exception {
        try (FakeAgent agent = new FakeAgent(socket, "0", "0")) {
            Path config = Files.writeString(directory.resolve("config"), configuration(",\"prevResult\":{}"));
            String call = "CNI_COMMAND=ADD CNI_CONTAINERID=c CNI_NETNS=/proc/self/ns/net CNI_IFNAME=e CNI_ARGS='" + ARGS + "' " + program;
            assertThat(await(new ProcessBuilder("sh", "-c", call + " <" + config + " >&-; echo $?").redirectErrorStream(true).start()).out())
                    .isEqualTo("inpod-cni: standard output is closed, so that the answer is lost\n1\n");
            assertThat(await(new ProcessBuilder("sh", "-c", call + " <" + config + " >/dev/full; echo $?").redirectErrorStream(true).start()).out())
                    .isEqualTo("inpod-cni: can't write the answer: No space left on device\n1\n");
            assertThat(await(new ProcessBuilder("sh", "-c", call + " <&-; echo $?").start()).out()).contains("is not JSON").endsWith("1\n");
            assertThat(agent.questions).hasSize(2);
        }
    }

    @Test
    void anAgentThatRestartsIsAwaited() throws Exception {
        Process plugin = start("ADD", ARGS, configuration(""), "/proc/self/ns/net");
        try (FakeAgent agent = new FakeAgent(socket, FakeAgent.HANG_UP, "0")) {
            assertThat(await(plugin).code()).isZero();
            assertThat(agent.questions.take()).isEqualTo(agent.questions.take());
        }
    }

    @Test
    void anAgentThatHangsIsNotAwaited() throws Exception {
        try (FakeAgent agent = new FakeAgent(socket)) {
            assertThat(call("ADD", ARGS, configuration(",\"timeoutSeconds\":1")).out()).contains("\"code\":11", "doesn't answer in time");
            assertThat(call("DEL", ARGS, configuration(",\"timeoutSeconds\":1"))).isEqualTo(new Outcome(0, ""));
            assertThat(agent.questions).hasSize(2);
        }
    }

    /** Whoever listens decides whether pods may bypass the mesh. */
    @Test
    void onlyRootIsBelieved() throws Exception {
        Files.createDirectories(socket.getParent());
        String listen = "import os,socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\nos.setresuid(0,65534,0)\n"
                + "os.chdir(sys.argv[1])\ns.bind('plugin.sock')\ns.listen()\nprint('up',flush=True)\nc=s.accept()[0]\nc.send(b'0')\ninput()\n";
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(socket.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
        try (ChildProcess other = ChildProcess.start(new ProcessBuilder("python3", "-c", listen, socket.getParent().toString()))) {
            other.expect("up");
            assertThat(call("ADD", ARGS, configuration("")).out()).contains("\"code\":11", "user 65534, which isn't root");
        }
    }

    @Test
    void nothingIsLeftBehind(PodNetwork network) throws Exception {
        try (FakeAgent agent = new FakeAgent(socket, "0", "0")) {
            NetworkNamespace pod = network.pod(0).namespace();
            LeakCheck leaks = LeakCheck.begin();
            assertThat(call("ADD", ARGS, configuration(""), Tool.pathOf(pod).toString()).code()).isZero();
            assertThat(call("DEL", ARGS, configuration(""), Tool.pathOf(pod).toString()).code()).isZero();
            leaks.verify();
            assertThat(agent.questions.take().netns()).isEqualTo(agent.questions.take().netns());
        }
    }

    @Test
    void signalsEndIt() throws Exception {
        try (FakeAgent agent = new FakeAgent(socket)) {
            Process plugin = start("ADD", ARGS, configuration(""), "/proc/self/ns/net");
            agent.questions.take();
            plugin.toHandle().destroy(); // Process.destroy would close its output, too
            assertThat(await(plugin)).isEqualTo(new Outcome(128 + 15, ""));
        }
    }
}
