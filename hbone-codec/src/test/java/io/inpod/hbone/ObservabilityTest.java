package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ObservabilityTest {
    private static final class Listener implements HboneEvents {
        final LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
        final LinkedBlockingQueue<String> frames = new LinkedBlockingQueue<>();

        @Override
        public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
            said.add("opened " + peer.serviceAccount() + " " + accepted);
        }

        @Override
        public void connectionClosed(Channel connection, String reason) {
            said.add("closed");
        }

        @Override
        public void tunnelOpened(TunnelChannel tunnel) {
            said.add("tunnel " + tunnel.streamId() + " " + tunnel.authority());
        }

        @Override
        public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
            said.add("tunnel " + tunnel.streamId() + " closed " + received + " " + sent);
        }

        @Override
        public void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) {
            said.add("reset " + stream + " " + errorCode + " " + byPeer);
        }

        @Override
        public void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) {
            said.add("goaway " + lastStream + " " + errorCode + " " + byPeer);
        }

        @Override
        public @Nullable Consumer<String> frameLog(Channel connection) {
            return frames::add;
        }

        String next() throws InterruptedException {
            return String.valueOf(said.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
        }
    }

    private static void traffic(Mesh mesh, HboneEvents server, HboneEvents client) throws Exception {
        var address = mesh.serve(new HboneServer(mesh.ca, HboneOptions.server(), server), Mesh.echo());
        HbonePool pool = mesh.pool(mesh.ca, HboneOptions.client(), client);
        Recorder tunnel = mesh.open(pool, address);
        tunnel.write("hello");
        assertThat(tunnel.next()).isEqualTo("hello");
        tunnel.channel().shutdownOutput();
        assertThat(List.of(tunnel.next(), tunnel.next(), tunnel.next())).containsExactly("EOF", "EOF-complete", "inactive");
        Recorder cancelled = mesh.open(pool, address);
        cancelled.channel().close().sync();
        mesh.onClient(() -> {
            pool.close();
            return null;
        });
    }

    @Test
    void theListenerHearsWhatHappens() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Listener server = new Listener();
            Listener client = new Listener();
            traffic(mesh, server, client);
            assertThat(List.of(client.next(), client.next(), client.next(), client.next(), client.next()))
                    .containsExactly("opened server false", "tunnel 1 10.1.2.3:8080", "tunnel 1 closed 5 5", "tunnel 3 10.1.2.3:8080", "reset 3 8 false");
            assertThat(List.of(client.next(), client.next(), client.next())).containsExactly("tunnel 3 closed 0 0", "goaway 0 0 false", "closed");
            List<String> all = new ArrayList<>();
            for (String said = server.next(); !said.equals("closed"); said = server.next()) {
                all.add(said);
            }
            assertThat(all).contains("opened client true", "tunnel 1 10.1.2.3:8080", "tunnel 1 closed 5 5", "reset 3 8 true", "goaway 0 0 true");
        }
    }

    @Test
    void flightRecorderShowsIt(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("hbone.jfr");
        try (Recording recording = new Recording(); Mesh mesh = new Mesh()) {
            for (String name : List.of("Connection", "Tunnel", "HandshakeFailure", "Reset", "GoAway")) {
                recording.enable("io.inpod.Hbone" + name).withoutThreshold();
            }
            recording.start();
            Listener server = new Listener();
            HboneFlightRecorder recorder = new HboneFlightRecorder(server);
            traffic(mesh, recorder, HboneEvents.NONE);
            for (String said = server.next(); !said.equals("closed"); said = server.next()) {
                assertThat(said).isNotEqualTo("null");
            }
            var address = mesh.serve(new HboneServer(mesh.ca, HboneOptions.server(), recorder), Mesh.echo());
            RawPeer.handshake(address, null, "h2");
            mesh.serverLoops.submit(() -> { }).sync();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(events.stream().map(e -> e.getEventType().getName()).collect(Collectors.toSet()))
                .contains("io.inpod.HboneConnection", "io.inpod.HboneTunnel", "io.inpod.HboneReset", "io.inpod.HboneGoAway");
        RecordedEvent tunnel = events.stream().filter(e -> e.getEventType().getName().endsWith("HboneTunnel")).findFirst().orElseThrow();
        assertThat(tunnel.getString("authority")).isEqualTo("10.1.2.3:8080");
        assertThat(tunnel.getString("peer")).isEqualTo(Mesh.CLIENT.toString());
        assertThat(tunnel.getLong("received")).isEqualTo(5);
        assertThat(tunnel.getDuration()).isPositive();
    }

    /** Compares nghttp's log of an exchange with nghttpd with our own frame log, which has the same format. */
    @Test
    void framesReadAsNghttpPrintsThem() throws Exception {
        Tools.require("nghttp", "--version");
        Tools.require("nghttpd", "--version");
        Set<String> theirs = shapes(nghttp());
        try (Mesh mesh = new Mesh()) {
            Listener client = new Listener();
            traffic(mesh, HboneEvents.NONE, client);
            List<String> lines = new ArrayList<>(client.frames);
            assertThat(lines).contains("          :authority: 10.1.2.3:8080", "          (window_size_increment=16711681)",
                    "          [SETTINGS_MAX_FRAME_SIZE(0x05):1048576]", "          ; ACK");
            assertThat(lines.stream().map(l -> l.replaceAll("^\\[ *[0-9.]+\\] ", ""))).contains(
                    "recv (stream_id=1) :status: 200", "send DATA frame <length=5, flags=0x00, stream_id=1>", "recv DATA frame <length=0, flags=0x01, stream_id=1>",
                    "send RST_STREAM frame <length=4, flags=0x00, stream_id=3>", "send GOAWAY frame <length=8, flags=0x00, stream_id=0>");
            Set<String> ours = shapes(lines);
            // Lines that nghttp doesn't print in this exchange, or prints in another place.
            ours.removeIf(l -> l.contains("RST_STREAM") || l.contains("error_code=CANCEL") || l.startsWith("          :"));
            assertThat(theirs).containsAll(ours);
        }
    }

    private static Set<String> shapes(List<String> lines) {
        return lines.stream().map(l -> l.replaceAll("^\\[ *[0-9.]+\\] ", "[T] ").replaceAll("0x[0-9a-f]+", "0xN").replaceAll("\\b[0-9]+\\b", "N")
                .replaceAll("\\b(send|recv)\\b", "X").replaceAll("SETTINGS_[A-Z_]+", "SETTINGS_X").replaceAll("\u001b\\[[0-9;]*m", "")).collect(Collectors.toSet());
    }

    private static List<String> nghttp() throws Exception {
        Path file = Files.writeString(Files.createTempFile("hbone", ".txt"), "hello\n");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Process server = new ProcessBuilder("nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", file.getParent().toString(), "-w", "24", "-W", "24",
                String.valueOf(port)).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            while (true) {
                try (Socket probe = new Socket("127.0.0.1", port)) {
                    assertThat(probe.isConnected()).isTrue();
                    break;
                } catch (IOException e) {
                    assertThat(server.isAlive()).as("nghttpd").isTrue();
                }
            }
            String said = Tools.run("nghttp", "-v", "--no-dep", "-w", "24", "-W", "24", "http://127.0.0.1:" + port + "/" + file.getFileName());
            return said.lines().toList();
        } finally {
            server.destroy();
            server.waitFor();
            Files.delete(file);
        }
    }
}
