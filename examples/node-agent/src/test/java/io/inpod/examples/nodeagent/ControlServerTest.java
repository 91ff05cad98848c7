package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.control.ControlServer;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.zds.ForeignPeer;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.testing.LeakCheck;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The answers that a foreign client receives on the control socket. */
class ControlServerTest {
    private static final String LIST = "{\"command\":\"list\"}";

    @TempDir
    Path directory;

    private Scene scene;
    private ControlServer control;
    private ForeignPeer client;
    private Path path;

    @BeforeEach
    void start() throws IOException {
        scene = new Scene(directory, new PodRedirection(Profile.REDIRECT, false, true).change(), Duration.ofMillis(50));
        path = directory.resolve("run/agent.sock");
        control = new ControlServer(scene.commands, path, scene.threads, Duration.ofMillis(500));
        scene.threads.execute(control::run);
        client = new ForeignPeer();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        control.close();
        scene.close();
    }

    private String ask(String request) throws IOException {
        client.run("connect " + path);
        return askAgain(request);
    }

    private String askAgain(String request) throws IOException {
        client.run("send " + hex(request));
        return new String(HexFormat.of().parseHex(client.ask("recv")), StandardCharsets.UTF_8);
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aList() throws IOException {
        assertThat(ask(LIST)).isEqualTo("{\"ok\":true,\"pods\":[]}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "garbage|not a valid message",
        "{}|must be add, delete, list, verify or inspect",
        "null|null is not a message",
        "{\"command\":\"frob\"}|must be add, delete, list, verify or inspect",
        "{\"command\":\"list\"}x|not a valid message",
        "{\"command\":\"list\",\"nmae\":\"x\"}|nmae",
        "{\"command\":\"list\",\"command\":\"add\"}|Duplicate field 'command'",
        "{\"command\":\"add\"}|\\\"netns\\\" or \\\"pid\\\" is missing",
        "{\"command\":\"add\",\"pid\":1}|\\\"uid\\\" is missing",
        "{\"command\":\"add\",\"pid\":1,\"netns\":\"/x\"}|exclude each other",
        "{\"command\":\"add\",\"pid\":0}|at least 1",
        "{\"command\":\"add\",\"netns\":\"x\"}|absolute path",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"a\\nb\"}|must match",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"u1\",\"name\":\"a/b\"}|must match",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"u1\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\"}|would cut off the node",
        "{\"command\":\"add\",\"netns\":\"/run/none\",\"uid\":\"u1\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\"}|ENOENT",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"u1\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\",\"annotations\":{\"ambient.istio.io/dns-capture\":\"yes\"}}"
                + "|annotation ambient.istio.io/dns-capture is \\\"yes\\\", not true or false",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"u1\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\",\"annotations\":{\"ambient.istio.io/dns-capture\":null}}|has no value",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"u1\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\",\"annotations\":{\"istio.io/reroute-virtual-interfaces\":\"br0\\n-A X\"}}"
                + "|istio.io/reroute-virtual-interfaces",
        "{\"command\":\"add\",\"pid\":1,\"uid\":\"u1\",\"name\":\"a\",\"namespace\":\"b\",\"serviceAccount\":\"c\",\"annotations\":[]}|not a valid message",
        "{\"command\":\"delete\",\"uid\":\"nobody\"}|pod nobody is unknown",
    })
    void mistakesAreExplainedAndTheConnectionStays(String request, String reason) throws IOException {
        assertThat(ask(request)).startsWith("{\"ok\":false,\"error\":\"").contains(reason);
        assertThat(askAgain(LIST)).isEqualTo("{\"ok\":true,\"pods\":[]}");
    }

    @Test
    void anOversizedPacketIsRefused() throws IOException {
        assertThat(ask(" ".repeat(9000))).contains("longer than 8192 bytes");
        assertThat(askAgain(LIST)).contains("\"ok\":true");
    }

    @Test
    void aDescriptorIsRefused() throws IOException {
        client.run("connect " + path);
        client.run("send " + hex(LIST) + " /dev/null");
        assertThat(client.ask("recv")).startsWith(hex("{\"ok\":false"));
    }

    @Test
    void aSilentClientIsDisconnected() throws IOException {
        client.run("connect " + path);
        assertThat(client.ask("recv")).isEqualTo("EOF");
    }

    @Test
    void aClientOfAnotherUserIsNotTrusted() throws IOException {
        for (Path open : new Path[] {directory, path.getParent()}) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwx--x--x"));
        }
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        client.run("user 65534");
        client.run("connect " + path);
        client.ask("send " + hex(LIST)); // may find the connection closed already
        assertThat(client.ask("recv")).isIn("EOF", "error [Errno 104] Connection reset by peer");
    }

    @Test
    void garbageLeavesNothingBehind() throws Exception {
        ask(LIST);
        client.run("close");
        LeakCheck leaks = LeakCheck.begin();
        Random random = new Random(1);
        for (int round = 0; round < 100; round++) {
            byte[] garbage = new byte[1 + random.nextInt(10_000)];
            random.nextBytes(garbage);
            client.run("connect " + path);
            client.run("send " + HexFormat.of().formatHex(garbage) + (round % 2 == 0 ? "" : " /proc/self/ns/net"));
            assertThat(client.ask("recv")).startsWith(hex("{\"ok\":false"));
            client.run("close");
        }
        leaks.verify();
    }
}
