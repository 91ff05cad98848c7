package io.inpod.examples.zds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An independent agent sends single messages; the tests check how the proxy interprets and answers them. */
class ZdsClientCasesTest {
    private static final String ACK = "0a00";

    @TempDir
    Path directory;

    private ForeignPeer agent;
    private NetworkNamespace pod;
    private ZdsClient client;

    @BeforeEach
    void connect() throws IOException {
        Privilege.NAMESPACES.require();
        pod = NetworkNamespace.create();
        agent = new ForeignPeer();
        Path socket = directory.resolve("ztunnel.sock");
        agent.run("listen " + socket);
        client = ZdsClient.connect(socket);
        agent.run("accept");
        assertThat(agent.ask("recv")).isEqualTo("0801");
    }

    @AfterEach
    void close() throws IOException {
        if (client != null) {
            client.close();
            agent.close();
            pod.close();
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/cases.psv", delimiter = '|')
    void message(String id, String state, @Nullable String descriptors, String message, String verdict, @Nullable String detail)
            throws Exception {
        if (state.equals("later")) {
            agent.run("send 1a00");
            assertThat(client.receive()).isEqualTo(new ZdsRequest.SnapshotSent());
            client.ack();
            assertThat(agent.ask("recv")).isEqualTo(ACK);
        }
        LeakCheck leaks = LeakCheck.begin();
        agent.run("send " + message + " " + paths(descriptors == null ? "" : descriptors));
        String expected = detail == null ? "" : detail;
        switch (verdict) {
            case "session" -> ends(ZdsSessionException.class, expected, id.equals("empty-message"));
            case "protocol" -> ends(ZdsProtocolException.class, expected, false);
            case "request" -> {
                assertThatThrownBy(client::receive).isInstanceOf(ZdsRequestException.class).hasMessageContaining(expected);
                client.nack(expected);
                assertThat(text(agent.ask("recv"))).contains(expected);
                leaks.verify();
                stillUp();
            }
            default -> {
                assertThat(describe(client.receive())).isEqualTo((verdict + " " + expected).strip());
                client.ack();
                assertThat(agent.ask("recv")).isEqualTo(ACK);
                leaks.verify();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1024, 1025})
    void length(int bytes) throws IOException {
        String uid = "u".repeat(bytes - 32);
        String message = "0a%s0a%s%s12180a04706f6471120764656661756c741a0773612d706f6471"
                .formatted(varint(bytes - 3), varint(uid.length()), HexFormat.of().formatHex(uid.getBytes(StandardCharsets.US_ASCII)));
        assertThat(message).hasSize(2 * bytes);
        agent.run("send " + message + " " + Tool.pathOf(pod));
        if (bytes <= 1024) {
            assertThat(describe(client.receive())).isEqualTo("add " + uid + " podq default sa-podq");
        } else {
            ends(ZdsSessionException.class, "received truncated message", false);
        }
    }

    private static String varint(int value) {
        return "%02x%02x".formatted(value & 0x7f | 0x80, value >> 7);
    }

    private void ends(Class<? extends ZdsException> type, String reason, boolean silently) throws IOException {
        assertThatThrownBy(client::receive).isInstanceOf(type).hasMessageContaining(reason);
        if (!silently) {
            assertThat(text(agent.ask("recv"))).contains(reason);
        }
        assertThat(agent.ask("recv")).isEqualTo("EOF");
    }

    private void stillUp() throws IOException {
        agent.run("send 120412027531");
        assertThat(client.receive()).isEqualTo(new ZdsRequest.Del("u1"));
        client.ack();
        assertThat(agent.ask("recv")).isEqualTo(ACK);
    }

    private String describe(ZdsRequest request) {
        if (request instanceof ZdsRequest.Add add) {
            assertThat(add.netns()).isEqualTo(pod);
            add.netns().close();
            return "add %s %s %s %s".formatted(add.uid(), add.info().name(), add.info().namespace(), add.info().serviceAccount()).strip();
        }
        return (request instanceof ZdsRequest.Keep keep ? "keep " + keep.uid()
                        : request instanceof ZdsRequest.Del del ? "del " + del.uid() : "snapshot").strip();
    }

    private String paths(String descriptors) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        return descriptors.replace("netns", Tool.pathOf(pod).toString()).replace("file", file.toString());
    }

    static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
    }
}
