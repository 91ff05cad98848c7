package io.inpod.examples.zds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.unix.UntrustedPeerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The proxy's end, beyond single messages: trust, order of calls, long errors, closing, and malformed messages. */
class ZdsClientTest {
    @TempDir
    Path directory;

    private ForeignPeer agent;
    private Path socket;

    @BeforeEach
    void start() throws IOException {
        agent = new ForeignPeer();
        socket = directory.resolve("ztunnel.sock");
    }

    @AfterEach
    void stop() throws IOException {
        agent.close();
    }

    private ZdsClient connect() throws IOException {
        ZdsClient client = ZdsClient.connect(socket);
        agent.run("accept");
        assertThat(agent.ask("recv")).isEqualTo("0801");
        return client;
    }

    @Test
    void nobodyListens() {
        assertThatThrownBy(() -> ZdsClient.connect(socket))
                .isInstanceOf(ZdsSessionException.class).hasMessageContaining(socket.toString()).hasMessageContaining("ENOENT");
    }

    @Test
    void anAgentOfAnotherUserIsNotTrusted() throws IOException {
        agent.run("listen " + socket + " 65534");
        assertThatThrownBy(() -> ZdsClient.connect(socket)).isInstanceOf(ZdsSessionException.class)
                .hasCauseInstanceOf(UntrustedPeerException.class).hasMessageContaining("is user 65534, neither root");
    }

    @Test
    void aDirectoryThatOthersMayWriteIsNotTrusted() throws IOException {
        agent.run("listen " + socket);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> ZdsClient.connect(socket)).hasMessageContaining("can be written by others (mode 777)");
    }

    @Test
    void aDirectoryOfAnotherUserIsNotTrusted() throws IOException {
        agent.run("listen " + socket);
        Files.setAttribute(directory, "unix:uid", 65534);
        assertThatThrownBy(() -> ZdsClient.connect(socket)).hasMessageContaining("belongs to user 65534");
    }

    @Test
    void aDirectoryThatIsALinkIsNotTrusted() throws IOException {
        agent.run("listen " + socket);
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
        assertThatThrownBy(() -> ZdsClient.connect(link.resolve("ztunnel.sock"))).hasMessageContaining("is a symbolic link");
    }

    @Test
    void answersAndRequestsAlternate() throws IOException {
        agent.run("listen " + socket);
        try (ZdsClient client = connect()) {
            assertThatThrownBy(client::ack).isInstanceOf(IllegalStateException.class);
            agent.run("send 1a00");
            client.receive();
            assertThatThrownBy(client::receive).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void errorsAreCutBetweenCharacters() throws IOException {
        agent.run("listen " + socket);
        try (ZdsClient client = connect()) {
            agent.run("send 1a00");
            client.receive();
            client.nack("x" + "€".repeat(1000));
            String answer = agent.ask("recv");
            assertThat(answer.length() / 2).isBetween(1000, 1023);
            String text = ZdsClientCasesTest.text(answer);
            assertThat(text.substring(text.indexOf('x') + 1)).matches("€+");
        }
    }

    @Test
    void anErrorWithoutTextIsStillAnError() throws IOException {
        agent.run("listen " + socket);
        try (ZdsClient client = connect()) {
            agent.run("send 1a00");
            client.receive();
            client.nack("");
            assertThat(ZdsClientCasesTest.text(agent.ask("recv"))).contains("unknown error");
        }
    }

    @Test
    void closingEndsAWaitingReceive() throws IOException {
        agent.run("listen " + socket);
        ZdsClient client = connect();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(client::close);
        assertThatThrownBy(client::receive).isInstanceOf(ZdsSessionException.class);
        closed.join();
    }

    @Test
    void garbageLeavesNothingBehind() throws Exception {
        agent.run("listen " + socket);
        Random random = new Random(1);
        LeakCheck leaks = LeakCheck.begin();
        for (int round = 0; round < 100; round++) {
            try (ZdsClient client = connect()) {
                byte[] garbage = new byte[1 + random.nextInt(2000)];
                random.nextBytes(garbage);
                agent.run("send " + HexFormat.of().formatHex(garbage) + " socket socket");
                assertThatThrownBy(client::receive).isInstanceOf(ZdsSessionException.class);
            }
            agent.run("close");
        }
        leaks.verify();
    }
}
