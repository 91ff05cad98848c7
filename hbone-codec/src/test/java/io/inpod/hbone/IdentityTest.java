package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.TestCertificates;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class IdentityTest {
    private static final SpiffeId OTHER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/other");
    private static final SpiffeId FOREIGN = SpiffeId.parse("spiffe://other.example/ns/a/sa/client");

    @Test
    void anUnexpectedServerIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            assertThatThrownBy(() -> open(mesh, mesh.pool(), Mesh.CLIENT, Set.of(OTHER), address))
                    .isInstanceOf(IOException.class).hasMessageContaining("expected peer " + OTHER + ", got " + Mesh.SERVER);
        }
    }

    @Test
    void anEmptyExpectationIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            assertThatThrownBy(() -> open(mesh, mesh.pool(), Mesh.CLIENT, Set.of(), address))
                    .isInstanceOf(IOException.class).hasMessageContaining("no identity is expected");
        }
    }

    @Test
    void aClientOfAnotherTrustDomainIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            assertThatThrownBy(() -> open(mesh, mesh.pool(), FOREIGN, Set.of(Mesh.SERVER), address)).isInstanceOf(IOException.class);
            assertThat(event(mesh)).contains("expected a peer of trust domain cluster.local, got " + FOREIGN);
        }
    }

    @Test
    void aClientWithTwoIdentitiesIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            RawPeer.handshake(address, TestCertificates.issue(mesh.directory.resolve("ca"), List.of(Mesh.CLIENT.toString(), OTHER.toString())), "h2");
            assertThat(event(mesh)).contains("expected exactly one URI subject alternative name, got 2");
        }
    }

    @Test
    void aClientOfAnotherRootIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            DevelopmentCa stranger = DevelopmentCa.open(mesh.directory.resolve("stranger"));
            WorkloadCertificate theirs = stranger.certificate(Mesh.CLIENT);
            RawPeer.handshake(address, new WorkloadCertificate(theirs.privateKey(), theirs.chain(), mesh.ca.certificate(Mesh.CLIENT).trustAnchors()), "h2");
            assertThat(event(mesh)).contains("chain isn't valid");
        }
    }

    @Test
    void aClientWithoutCertificateIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            RawPeer.handshake(address, null, "h2");
            assertThat(event(mesh)).startsWith("handshake: TLS: ").containsIgnoringCase("certificate");
        }
    }

    @Test
    void aClientWithoutAlpnIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            RawPeer.handshake(address, mesh.ca.certificate(Mesh.CLIENT));
            assertThat(event(mesh)).containsAnyOf("expected ALPN h2", "application layer protocol");
            RawPeer.handshake(address, mesh.ca.certificate(Mesh.CLIENT), "http/1.1");
            assertThat(event(mesh)).containsAnyOf("expected ALPN h2", "application layer protocol");
        }
    }

    private static String event(Mesh mesh) throws InterruptedException {
        String said = mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        return said == null ? "(nothing)" : said;
    }

    private static void open(Mesh mesh, HbonePool pool, SpiffeId source, Set<SpiffeId> expected, InetSocketAddress address) throws Throwable {
        try {
            mesh.start(pool, new HboneDestination(source, expected, address, null), new Recorder()).get(Mesh.PATIENCE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }
}
