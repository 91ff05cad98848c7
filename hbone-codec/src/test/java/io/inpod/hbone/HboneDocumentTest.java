package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The numbers in docs/hbone.md are the defaults. */
class HboneDocumentTest {
    private static final HboneOptions CLIENT = HboneOptions.client();
    private static final HboneOptions SERVER = HboneOptions.server();

    private static String document() throws IOException {
        return Files.readString(Path.of("../docs/hbone.md")).replaceAll("\\s+", " ");
    }

    private static String seconds(Duration time) {
        return "*" + time.toSeconds() + " s*";
    }

    private static String count(int number) {
        return String.format(Locale.ROOT, "*%,d*", number);
    }

    @Test
    void settings() throws IOException {
        assertThat(document())
                .contains("| MAX_CONCURRENT_STREAMS | | *" + SERVER.limits().maxConcurrentStreams() + "* |")
                .contains("| INITIAL_WINDOW_SIZE | *" + (CLIENT.windows().stream() >> 20) + " MiB* | *" + (SERVER.windows().stream() >> 20) + " MiB* |")
                .contains("| MAX_FRAME_SIZE | *" + (CLIENT.windows().maxFrame() >> 20) + " MiB* | *" + (SERVER.windows().maxFrame() >> 20) + " MiB* |")
                .contains("| MAX_HEADER_LIST_SIZE | *" + (CLIENT.limits().maxHeaderListSize() >> 10) + " KiB* | *"
                        + (SERVER.limits().maxHeaderListSize() >> 10) + " KiB* |")
                .contains(String.format(Locale.ROOT, "(WINDOW_UPDATE on stream 0 of %,d) | *%d MiB* | *%d MiB* |", CLIENT.windows().connection() - 65_535,
                        CLIENT.windows().connection() >> 20, SERVER.windows().connection() >> 20))
                .contains("*" + String.join(", ", CLIENT.tls().groups()) + "*");
        assertThat(CLIENT.tls()).isEqualTo(SERVER.tls());
        assertThat(CLIENT.tls().tls12()).isFalse();
    }

    @Test
    void times() throws IOException {
        HboneTimes client = CLIENT.times();
        HboneTimes server = SERVER.times();
        assertThat(document())
                .contains(seconds(server.handshake()) + " for the TLS handshake, " + seconds(server.settings()) + " more for preface and SETTINGS, "
                        + seconds(server.firstRequest()) + " more for a server")
                .contains("no decision in time (" + seconds(server.answer()) + ")")
                .contains("on its own after " + seconds(client.answer()) + " without an answer")
                .contains("**PING** every " + seconds(client.pingInterval())).contains("takes longer than " + seconds(client.pingTimeout()))
                .contains("receives nothing for " + seconds(client.silence()))
                .contains("by the client after *" + client.idle().toMinutes() + " minutes*, by the server after *" + server.idle().toMinutes() + " minutes*")
                .contains("(*" + client.maxAge().toHours() + " hour* for clients, *" + server.maxAge().toHours() + " hours* for servers)");
        assertThat(client.withIdle(server.idle()).withMaxAge(server.maxAge())).isEqualTo(server);
    }

    @Test
    void limits() throws IOException {
        HboneLimits limits = SERVER.limits();
        assertThat(document())
                .contains(count(limits.resets()) + " at once, " + count(limits.resets() / 10) + " per second: GOAWAY")
                .contains(count(limits.controlFrames()) + " at once, " + count(limits.controlFrames() / 10) + " per second: GOAWAY")
                .contains("at most *" + CLIENT.limits().maxConcurrentStreams() + "* tunnels");
        assertThat(Arrays.asList(CLIENT.limits().resets(), CLIENT.limits().controlFrames())).containsExactly(limits.resets(), limits.controlFrames());
    }

    @Test
    void theNumberOfGoldens() throws IOException {
        int cases = Goldens.cases("hbone-server.json").size() + Goldens.cases("hbone-client.json").size();
        assertThat(document()).contains("in " + cases + " situations");
    }
}
