package io.inpod.examples.ztunnel.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NameServersTest {
    @TempDir
    private Path directory;

    private NameServers read(String text) throws IOException {
        NameServers servers = new NameServers(Files.writeString(directory.resolve("resolv.conf"), text));
        servers.refresh();
        return servers;
    }

    @Test
    void aServerThatForAPodIsThePodItselfIsNamedWithTheFile() throws Exception {
        assertThat(read("nameserver 10.96.0.10\n").problem()).isEmpty();
        assertThat(read("nameserver 10.96.0.10\nnameserver 127.0.0.53\n").problem().orElseThrow())
                .contains(directory + "/resolv.conf has the name server 127.0.0.53:53");
        assertThat(read("search local\n").problem().orElseThrow()).contains("has the name server 127.0.0.1:53");

        NameServers missing = new NameServers(directory.resolve("missing"));
        missing.refresh();
        assertThat(missing.problem().orElseThrow()).contains("INPOD_RESOLV_CONF", directory + "/missing doesn't exist", "127.0.0.1:53");
    }

    @Test
    void aFileThatIsGoneChangesNothing() throws Exception {
        NameServers servers = read("nameserver 10.96.0.10\n");
        Files.delete(directory.resolve("resolv.conf"));

        assertThatThrownBy(servers::refresh).isInstanceOf(IOException.class).hasMessageContaining("resolv.conf is gone");
        assertThat(servers.toString()).isEqualTo("10.96.0.10:53");
    }
}
