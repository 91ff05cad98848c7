package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.hbone.identity.TestCertificates;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.HboneServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Golden cases of the accepting side that take more than a few frames; {@code differences.tsv} maps cases to tests. */
@Timeout(60)
class GoldenServerScriptsTest {
    private static final String[] CONNECT = {":method", "CONNECT", ":authority", "10.88.1.2:8080"};

    @TempDir Path scratch;

    @Test
    void theFirstFrames() throws Exception {
        try (Mesh mesh = new Mesh(); RawPeer peer = RawPeer.http2(mesh, mesh.serve(Mesh.echo()))) {
            ByteBuffer theirs = ByteBuffer.allocate(100);
            List<String> names = List.of("", "HEADER_TABLE_SIZE", "ENABLE_PUSH", "MAX_CONCURRENT_STREAMS", "INITIAL_WINDOW_SIZE", "MAX_FRAME_SIZE",
                    "MAX_HEADER_LIST_SIZE");
            for (JsonNode setting : golden("handshake").at("/observed/server_frames/0/settings")) {
                theirs.putShort((short) names.indexOf(setting.get(0).asText())).putInt(setting.get(1).asInt());
            }
            RawPeer.Frame settings = peer.read();
            assertThat(settings.type()).isEqualTo(4);
            assertThat(ByteBuffer.wrap(settings.payload())).isEqualTo(theirs.flip());
            List<Integer> later = new ArrayList<>();
            for (RawPeer.Frame f = peer.read(); later.size() < 2; f = later.size() < 2 ? peer.read() : f) {
                later.add(f.type() * 10 + f.flags());
                if (f.type() == 8) {
                    assertThat(ByteBuffer.wrap(f.payload()).getInt()).isEqualTo(golden("handshake").at("/observed/server_frames/2/inc").asInt());
                }
            }
            assertThat(later).as("WINDOW_UPDATE and the acknowledgement").containsExactlyInAnyOrder(80, 41);
        }
    }

    @Test
    void theClientEndsFirst() throws Exception {
        try (Mesh mesh = new Mesh(); RawPeer peer = RawPeer.http2(mesh, mesh.serve(Mesh.echo()))) {
            GoldenWire wire = new GoldenWire(peer);
            peer.headers(1, false, CONNECT);
            peer.send(0, 0, 1, "one".getBytes(StandardCharsets.US_ASCII));
            wire.barrier();
            peer.send(0, 1, 1, "two".getBytes(StandardCharsets.US_ASCII));
            wire.barrier();
            assertThat(wire.said).isEqualTo(Goldens.frames(golden("half-close-client-first").at("/observed/frames")));
            assertThat(wire.dataBytes).isEqualTo(6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"streams-200", "streams-300"})
    void manyStreamsAtOnce(String id) throws Exception {
        JsonNode golden = golden(id);
        int streams = golden.at("/input/streams").asInt();
        try (Mesh mesh = new Mesh(); RawPeer peer = RawPeer.http2(mesh, mesh.serve(Mesh.echo()))) {
            GoldenWire wire = new GoldenWire(peer);
            for (int i = 0; i < streams; i++) {
                peer.headers(1 + 2 * i, false, CONNECT);
            }
            wire.barrier();
            int refused = golden.at("/observed/outcomes/RST REFUSED_STREAM").asInt();
            assertThat(Collections.frequency(wire.said, "HEADERS 200")).isEqualTo(golden.at("/observed/outcomes/200").asInt());
            assertThat(Collections.frequency(wire.said, "RST REFUSED_STREAM")).isEqualTo(refused);
            wire.said.clear();
            peer.send(3, 0, 1, (byte) 0, (byte) 0, (byte) 0, (byte) 8);
            peer.headers(1 + 2 * streams, false, CONNECT);
            wire.barrier();
            assertThat(wire.said).as("one more after closing one").containsExactly("HEADERS 200");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rst-flood-20", "rst-flood-50", "rst-flood-250", "rst-slow-250"})
    void tunnelsOpenedAndTakenBack(String id) throws Exception {
        try (Mesh mesh = new Mesh(); RawPeer peer = RawPeer.http2(mesh, mesh.serve(Mesh.echo()))) {
            GoldenWire wire = new GoldenWire(peer);
            int streams = golden(id).at("/input/streams").asInt();
            for (int i = 0; i < streams; i++) {
                peer.headers(1 + 2 * i, false, CONNECT);
                peer.send(3, 0, 1 + 2 * i, (byte) 0, (byte) 0, (byte) 0, (byte) 8);
            }
            wire.barrier();
            assertThat(wire.said).doesNotContain("GOAWAY ENHANCE_YOUR_CALM " + (2 * streams - 1));
            assertThat(wire.closed()).isFalse();
            wire.said.clear();
            peer.headers(1 + 2 * streams, false, CONNECT);
            wire.barrier();
            assertThat(wire.said).containsExactly("HEADERS 200");
        }
    }

    /** The golden peer answers all of them; we may reach a bound first. */
    @ParameterizedTest
    @ValueSource(strings = {"ping-flood-1000", "settings-flood-20000"})
    void manyControlFrames(String id) throws Exception {
        JsonNode input = golden(id).get("input");
        byte[] frame = HexFormat.of().parseHex(input.get("frame_hex").asText());
        int count = input.get("count").asInt();
        ByteBuffer all = ByteBuffer.allocate(frame.length * count);
        for (int i = 0; i < count; i++) {
            all.put(frame);
        }
        try (Mesh mesh = new Mesh(); RawPeer peer = RawPeer.http2(mesh, mesh.serve(Mesh.echo()))) {
            GoldenWire wire = new GoldenWire(peer);
            try {
                peer.raw(all.array());
            } catch (IOException e) {
                // The server closed the connection before the last one.
            }
            wire.barrier();
            if (wire.closed()) {
                assertThat(wire.said.stream().filter(s -> !s.equals("PING ACK"))).allMatch(s -> s.startsWith("GOAWAY ENHANCE_YOUR_CALM"));
            } else if (id.startsWith("ping")) {
                assertThat(Collections.frequency(wire.said, "PING ACK")).isEqualTo(count);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void drain(boolean idle) throws Exception {
        try (Mesh mesh = new Mesh(); RawPeer peer = RawPeer.http2(mesh, mesh.serve(Mesh.echo()))) {
            GoldenWire wire = new GoldenWire(peer);
            if (!idle) {
                peer.headers(1, false, CONNECT);
            }
            wire.barrier();
            wire.said.clear();
            HboneServer.drain(mesh.accepted.iterator().next(), Duration.ofSeconds(30));
            wire.await("PING", 1);
            peer.send(6, 1, 0, ByteBuffer.allocate(8).putLong(0x647261696eL).array());
            wire.await("GOAWAY NO_ERROR " + (idle ? 0 : 1), 1);
            List<String> theirs = Goldens.frames(golden(idle ? "drain-sigterm-idle" : "drain-sigterm").at("/observed/frames"));
            assertThat(wire.said.subList(0, 3)).isEqualTo(theirs.subList(0, 3));
            if (!idle) {
                peer.send(0, 0, 1, new byte[1]);
                wire.await("DATA", 1);
                peer.send(0, 1, 1);
            }
            wire.await("(its end)", 1);
            assertThat(wire.closed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tls-no-uri-san", "tls-dns-san-only", "tls-https-uri-san", "tls-expired", "tls-not-yet-valid", "tls-two-uris",
        "tls-two-spiffe-first-foreign"})
    void aBadClientCertificateIsRefused(String id) throws Exception {
        Tools.require("openssl");
        try (Mesh mesh = new Mesh()) {
            InetSocketAddress address = mesh.serve(Mesh.echo());
            Path ca = mesh.directory.resolve("ca");
            String good = Mesh.CLIENT.toString();
            Instant now = Instant.now();
            WorkloadCertificate certificate = switch (id) {
                case "tls-no-uri-san" -> TestCertificates.openssl(ca, scratch, "");
                case "tls-dns-san-only" -> TestCertificates.openssl(ca, scratch, "DNS:cli.example");
                case "tls-https-uri-san" -> TestCertificates.issue(ca, List.of("https://cluster.local/ns/default/sa/sa-cli"));
                case "tls-expired" -> TestCertificates.issue(ca, good, now.minus(Duration.ofHours(2)), Duration.ofHours(1));
                case "tls-not-yet-valid" -> TestCertificates.issue(ca, good, now.plus(Duration.ofHours(1)), Duration.ofHours(1));
                case "tls-two-uris" -> TestCertificates.issue(ca, List.of("https://x/y", good));
                default -> TestCertificates.issue(ca, List.of("spiffe://evil.example/ns/default/sa/x", good));
            };
            RawPeer.handshake(address, certificate, "h2");
            assertThat(Objects.requireNonNull(mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS))).startsWith("handshake: TLS: ");
        }
    }

    private static JsonNode golden(String id) throws IOException {
        return Objects.requireNonNull(Goldens.cases("hbone-server.json").get(id), id);
    }
}
