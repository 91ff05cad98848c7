package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/** The effects of an agent's messages on the real process. A process that survives a case serves the next one too. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZdsCasesTest {
    private static final String ADD_P = "add uid-p pod default sa-pod ";

    private ZtunnelProcess ztunnel;
    private ForeignAgent agent;
    private NetworkNamespace p;
    private NetworkNamespace q;
    private int descriptors;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        Privilege.NAMESPACES.require();
        p = NetworkNamespace.create();
        q = NetworkNamespace.create();
        Files.writeString(home.resolve("file"), "");
        ztunnel = new ZtunnelProcess(home);
        ztunnel.mesh("workloads: []");
        agent = new ForeignAgent(ztunnel.socket());
        run();
    }

    private void run() throws Exception {
        ztunnel.start();
        agent.accept().acked(ADD_P + Tool.pathOf(p)).acked("del uid-p").ask("hangup"); // everything has been loaded
        agent.accept();
        descriptors = ztunnel.descriptors().size();
        agent.ask("hangup");
    }

    @AfterAll
    void stop() throws IOException {
        for (AutoCloseable part : new AutoCloseable[] {ztunnel, agent, p, q}) {
            try {
                part.close();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    /** Runs after failures too, so that the next case begins with a new session. */
    @AfterEach
    void hangUp() throws IOException {
        agent.ask("hangup");
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/zds-cases.psv", delimiter = '|', quoteCharacter = '\u0001', nullValues = "(none)", emptyValue = "")
    void leadsToWhatIsWritten(
            String id, String state, String messages, String answers, String answerText, String process, String inP, String inQ, String log) throws Exception {
        agent.accept();
        if (state.equals("later")) {
            agent.acked(ADD_P + Tool.pathOf(p)).acked("snapshot");
        }
        int before = ztunnel.lines().size();
        String[] wanted = answers.split(" ");
        String answer = "";
        int i = 0;
        for (String message : messages.split(" ")) {
            answer = agent.request("send " + bytes(message) + files(message));
            assertThat(answer.split(" ")[0]).as(id + ": " + answer).isEqualTo(wanted[i++]);
        }
        assertThat(answer).contains(answerText == null ? "" : answerText);
        if (log != null) {
            ztunnel.awaitLine(before, log);
        }

        if (process.equals("exit")) {
            assertThat(agent.ask("recv")).isEqualTo("EOF");
            assertThat(ztunnel.awaitExit()).isEqualTo(1);
            assertListeners(p, inP);
            run();
            return;
        }
        if (process.equals("session")) {
            agent.accept();
        }
        assertThat(ztunnel.isAlive()).isTrue();
        assertListeners(p, inP);
        assertListeners(q, inQ);

        // Nothing is left once the agent no longer names any pods.
        agent.ask("hangup");
        agent.accept().acked("snapshot");
        assertListeners(p, "-");
        assertListeners(q, "-");
        ztunnel.awaitDescriptors(descriptors);
        assertThat(ztunnel.lines().stream().skip(before).filter(line -> line.matches("\\s+at .*") || line.contains("LEAK"))).isEmpty();
    }

    private static void assertListeners(NetworkNamespace namespace, String wanted) throws IOException {
        assertThat(ZtunnelProcess.listeners(namespace))
                .isEqualTo(new TreeSet<>(wanted.equals("up") ? List.of(15001, 15006, 15008, 15080) : List.of()));
    }

    private static String bytes(String message) {
        String data = message.split("@")[0];
        if (!data.startsWith("long:")) {
            return data;
        }
        int letters = Integer.parseInt(data.substring(5));
        String uid = "75".repeat(letters);
        String info = "12180a04706f6471120764656661756c741a0773612d706f6471";
        int length = 3 + letters + info.length() / 2;
        return "0a" + varint(length) + "0a" + varint(letters) + uid + info;
    }

    private static String varint(int value) {
        return HexFormat.of().formatHex(new byte[] {(byte) (value & 127 | 128), (byte) (value >> 7)});
    }

    private String files(String message) throws IOException {
        StringBuilder files = new StringBuilder();
        String[] parts = message.split("@");
        for (int i = 1; i < parts.length; i++) {
            files.append(' ').append(switch (parts[i]) {
                case "p" -> Tool.pathOf(p).toString();
                case "q" -> Tool.pathOf(q).toString();
                case "own" -> "/proc/" + ztunnel.pid() + "/ns/net";
                case "file" -> ztunnel.home.resolve("file").toString();
                default -> parts[i];
            });
        }
        return files.toString();
    }
}
