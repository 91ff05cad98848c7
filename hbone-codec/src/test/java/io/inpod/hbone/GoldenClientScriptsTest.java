package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.TestCertificates;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.HboneServer;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Golden cases of the connecting side that take more than a few frames; {@code differences.tsv} maps cases to tests. */
@Timeout(90)
class GoldenClientScriptsTest {
    @TempDir Path scratch;

    /** A peer with a given certificate or TLS configuration receives a request, or not. */
    @ParameterizedTest
    @CsvSource({"cert-right,true", "cert-wrong-sa,false", "cert-wrong-ns,false", "cert-wrong-trust-domain,false", "cert-wrong-root,false",
        "cert-no-san,false", "cert-dns-san,false", "cert-malformed-spiffe,false", "cert-expired,false", "cert-not-yet-valid,false",
        "cert-two-uris-second-right,false", "alpn-none,false", "alpn-http11,false", "tls12-server,false", "no-client-cert-asked,true"})
    void thePeersTls(String id, boolean connects) throws Exception {
        Tools.require("openssl");
        boolean theirs = golden(id).at("/observed/connect_received").asBoolean();
        assertThat(Goldens.differences("client").get(id).kind()).isEqualTo(theirs == connects ? "same" : "other");
        try (Mesh mesh = new Mesh(); App listener = new App()) {
            HbonePool pool = mesh.pool();
            Future<TunnelChannel> opening = mesh.start(pool, Mesh.to(address(listener)), new Recorder());
            boolean asked = false;
            String[] alpn = id.equals("alpn-none") ? new String[0] : new String[] {id.equals("alpn-http11") ? "http/1.1" : "h2"};
            try (Socket accepted = listener.accept();
                    RawPeer peer = RawPeer.accept(accepted, certificate(id, mesh), !id.equals("no-client-cert-asked"),
                            id.equals("tls12-server") ? "TLSv1.2" : "TLSv1.3", alpn)) {
                peer.readPreface();
                peer.send(4, 0, 0);
                GoldenWire wire = new GoldenWire(peer);
                wire.await("CONNECT", 1);
                asked = wire.said.contains("CONNECT");
            } catch (IOException e) {
                // Refused.
            }
            assertThat(asked).isEqualTo(connects);
            assertThatThrownBy(() -> opening.get(Mesh.PATIENCE, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        }
    }

    private WorkloadCertificate certificate(String id, Mesh mesh) throws Exception {
        Path ca = mesh.directory.resolve("ca");
        String good = Mesh.SERVER.toString();
        Instant now = Instant.now();
        return switch (id) {
            case "cert-wrong-sa" -> TestCertificates.issue(ca, List.of("spiffe://cluster.local/ns/b/sa/other"));
            case "cert-wrong-ns" -> TestCertificates.issue(ca, List.of("spiffe://cluster.local/ns/other/sa/server"));
            case "cert-wrong-trust-domain" -> TestCertificates.issue(ca, List.of("spiffe://other.example/ns/b/sa/server"));
            case "cert-wrong-root" -> DevelopmentCa.open(scratch.resolve("stranger")).certificate(Mesh.SERVER);
            case "cert-no-san" -> TestCertificates.openssl(ca, scratch, "");
            case "cert-dns-san" -> TestCertificates.openssl(ca, scratch, "DNS:peer.example");
            case "cert-malformed-spiffe" -> TestCertificates.issue(ca, List.of("spiffe://cluster.local/foo"));
            case "cert-expired" -> TestCertificates.issue(ca, good, now.minus(Duration.ofHours(2)), Duration.ofHours(1));
            case "cert-not-yet-valid" -> TestCertificates.issue(ca, good, now.plus(Duration.ofHours(1)), Duration.ofHours(1));
            case "cert-two-uris-second-right" -> TestCertificates.issue(ca, List.of("spiffe://cluster.local/ns/b/sa/other", good));
            default -> mesh.ca.certificate(Mesh.SERVER);
        };
    }

    /** A peer that doesn't speak TLS fails immediately, with a reason. */
    @ParameterizedTest
    @ValueSource(strings = {"peer-closes-at-accept", "peer-http1"})
    void notTls(String id) throws Exception {
        try (Mesh mesh = new Mesh(); App listener = new App()) {
            Future<TunnelChannel> opening = mesh.start(mesh.pool(), Mesh.to(address(listener)), new Recorder());
            try (Socket accepted = listener.accept()) {
                if (id.equals("peer-http1")) {
                    accepted.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
            assertThatThrownBy(() -> opening.get(Mesh.PATIENCE, TimeUnit.SECONDS)).cause().isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pool-1", "pool-10", "pool-99", "pool-100", "pool-101", "pool-150", "pool-250", "pool-150-peer-max-1000", "pool-25-peer-max-10",
        "pool-5-peer-max-1"})
    void connectionsOfThePool(String id) throws Exception {
        String[] parts = id.split("-");
        int tunnels = Integer.parseInt(parts[1]);
        int max = parts.length > 2 ? Integer.parseInt(parts[4]) : 100_000;
        try (Mesh mesh = new Mesh()) {
            HbonePool pool = mesh.pool();
            var to = Mesh.to(mesh.serve(new HboneServer(mesh.ca, HboneOptions.server().withMaxConcurrentStreams(max), HboneEvents.NONE), Mesh.echo()));
            List<Recorder> recorders = new ArrayList<>();
            List<Future<TunnelChannel>> opening = new ArrayList<>();
            for (int i = 0; i < tunnels; i++) {
                recorders.add(new Recorder());
                opening.add(mesh.start(pool, to, recorders.get(i)));
            }
            for (int i = 0; i < tunnels; i++) {
                opening.get(i).get(Mesh.PATIENCE, TimeUnit.SECONDS);
                recorders.get(i).write("x");
                assertThat(recorders.get(i).next()).isEqualTo("x");
            }
            int theirs = golden(id).at("/observed/h2_connections").asInt();
            int least = (tunnels - 1) / Math.min(max, 100) + 1;
            assertThat(mesh.clientConnections.size()).isGreaterThanOrEqualTo(least).isLessThanOrEqualTo(2 * least);
            assertThat(theirs == least).as("the golden overruns a low limit").isEqualTo(max >= 100);
        }
    }

    @Test
    void aPeerThatOverrunsTheStreamWindow() throws Exception {
        try (Mesh mesh = new Mesh(); App listener = new App()) {
            Recorder app = new Recorder(true, false);
            mesh.start(mesh.pool(), Mesh.to(address(listener)), app);
            try (RawPeer peer = RawPeer.accept(listener.accept(), mesh.ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2")) {
                peer.readPreface();
                peer.send(4, 0, 0);
                GoldenWire wire = new GoldenWire(peer);
                wire.await("CONNECT", 1);
                peer.headers(1, false, ":status", "200");
                for (int i = 0; i < 300; i++) {
                    peer.send(0, 0, 1, new byte[16_384]);
                }
                wire.await("RST FLOW_CONTROL_ERROR", 1);
                wire.barrier();
                assertThat(wire.closed()).isFalse();
                assertThat(app.next()).startsWith("reset: ");
            }
        }
    }

    private static InetSocketAddress address(App listener) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.authority().port());
    }

    private static JsonNode golden(String id) throws IOException {
        return Objects.requireNonNull(Goldens.cases("hbone-client.json").get(id), id);
    }
}
