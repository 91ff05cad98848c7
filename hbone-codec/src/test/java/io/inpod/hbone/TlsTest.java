package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.ForeignRoot;
import io.inpod.hbone.identity.InMemoryCertificates;
import io.inpod.hbone.identity.RevocationLists;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.TestCertificates;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.HboneServer;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslHandler;
import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Negotiation of TLS, and verification of certificates. */
@Timeout(60)
class TlsTest {
    private static final SpiffeId OTHER = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/other");

    private static String event(Mesh mesh) throws InterruptedException {
        String said = mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        return said == null ? "(nothing)" : said;
    }

    private static InetSocketAddress serve(Mesh mesh, HboneTls tls) throws Exception {
        return mesh.serve(new HboneServer(mesh.ca, HboneOptions.server().with(tls), Mesh.events(mesh.serverEvents)), Mesh.echo());
    }

    private static void open(Mesh mesh, HbonePool pool, SpiffeId source, InetSocketAddress address) throws Throwable {
        try {
            mesh.start(pool, new HboneDestination(source, Mesh.SERVER, address), new Recorder()).get(Mesh.PATIENCE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }

    /** Each connection keeps its peer's certificates, and roots are valid in any number. */
    @ParameterizedTest
    @ValueSource(ints = {60, 200})
    void manyCertificatesAreRefused(int roots) throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTls.DEFAULT);
            WorkloadCertificate one = mesh.ca.certificate(Mesh.CLIENT);
            List<X509Certificate> chain = new java.util.ArrayList<>(one.chain());
            chain.addAll(java.util.Collections.nCopies(roots, one.trustAnchors().get(0)));

            handshake(address, one.privateKey(), chain);

            assertThat(event(mesh)).startsWith("handshake: TLS: ").containsAnyOf("EXCESSIVE_MESSAGE_SIZE", "exceeds the maximum allowed");
        }
    }

    /** Sends any certificates, also some that a key store of the JDK refuses, and reads until the server closes the connection. */
    private static void handshake(InetSocketAddress address, PrivateKey key, List<X509Certificate> chain) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(new KeyManager[] {new OneKey(key, chain)}, new TrustManager[] {new RawPeer.Anyone()}, null);
        try (SSLSocket client = (SSLSocket) context.getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
            client.setSoTimeout(20_000);
            var parameters = client.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            client.setSSLParameters(parameters);
            client.getInputStream().readAllBytes();
        } catch (SSLException | java.net.SocketException e) {
            // The server refused; the caller checks its reason.
        }
    }

    private static final class OneKey extends X509ExtendedKeyManager {
        private final PrivateKey key;
        private final List<X509Certificate> chain;

        OneKey(PrivateKey key, List<X509Certificate> chain) {
            this.key = key;
            this.chain = chain;
        }

        @Override
        public String chooseClientAlias(String[] types, java.security.Principal[] issuers, java.net.Socket socket) {
            return "key";
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.toArray(new X509Certificate[0]);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }

        @Override
        public String[] getClientAliases(String type, java.security.Principal[] issuers) {
            return new String[] {"key"};
        }

        @Override
        public String[] getServerAliases(String type, java.security.Principal[] issuers) {
            return new String[0];
        }

        @Override
        public String chooseServerAlias(String type, java.security.Principal[] issuers, java.net.Socket socket) {
            throw new UnsupportedOperationException("a client's");
        }
    }

    @Test
    void tls12IsRefusedUnlessAskedFor() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var strict = serve(mesh, HboneTls.DEFAULT);
            try (SSLSocket client = RawPeer.connect(strict, mesh.ca.certificate(Mesh.CLIENT), "h2")) {
                client.setEnabledProtocols(new String[] {"TLSv1.2"});
                assertThatThrownBy(client::startHandshake).isInstanceOf(java.io.IOException.class);
            }
            assertThat(event(mesh)).startsWith("handshake: TLS: ");
            var lax = serve(mesh, HboneTls.DEFAULT.withTls12(true));
            for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
                try (SSLSocket client = RawPeer.connect(lax, mesh.ca.certificate(Mesh.CLIENT), "h2")) {
                    client.setEnabledProtocols(new String[] {protocol});
                    client.startHandshake();
                    assertThat(client.getSession().getProtocol()).isEqualTo(protocol);
                    assertThat(client.getApplicationProtocol()).isEqualTo("h2");
                    assertThat(client.getInputStream().read()).as("the first byte of SETTINGS").isZero();
                }
            }
        }
    }

    @Test
    void tls12HasAesGcmWithForwardSecrecyOnly() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var lax = serve(mesh, HboneTls.DEFAULT.withTls12(true));
            for (String suite : List.of("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")) {
                try (SSLSocket client = RawPeer.connect(lax, mesh.ca.certificate(Mesh.CLIENT), "h2")) {
                    client.setEnabledProtocols(new String[] {"TLSv1.2"});
                    client.setEnabledCipherSuites(new String[] {suite});
                    assertThatThrownBy(client::startHandshake).isInstanceOf(java.io.IOException.class);
                }
            }
        }
    }

    /** Every handshake is a full one: a resumed one wouldn't check the revocation lists, and in TLS 1.2 would repeat the session's ID. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void sessionsAreNotResumed(String protocol) throws Exception {
        try (Mesh mesh = new Mesh()) {
            Collection<X509CRL> crls = List.of(TestCertificates.crl(mesh.directory.resolve("ca"), Instant.now().plusSeconds(3600)));
            AtomicInteger verified = new AtomicInteger();
            var lax = serve(mesh, HboneTls.DEFAULT.withTls12(true).withCrls(() -> {
                verified.incrementAndGet();
                return crls;
            }));
            var context = RawPeer.context(mesh.ca.certificate(Mesh.CLIENT));
            Set<String> sessions = new java.util.HashSet<>();
            for (int i = 0; i < 3; i++) {
                try (SSLSocket client = (SSLSocket) context.getSocketFactory().createSocket(lax.getAddress().getHostAddress(), lax.getPort())) {
                    client.setEnabledProtocols(new String[] {protocol});
                    var parameters = client.getSSLParameters();
                    parameters.setApplicationProtocols(new String[] {"h2"});
                    client.setSSLParameters(parameters);
                    client.startHandshake();
                    assertThat(client.getInputStream().read()).isZero();
                    sessions.add(HexFormat.of().formatHex(client.getSession().getId()));
                }
            }
            assertThat(sessions).hasSize(3);
            assertThat(verified).hasValue(3);
        }
    }

    /** The group (0x11ec) is the first in the ClientHello's list, and has a key share. */
    @Test
    void hybridKeyExchangeIsOfferedFirst() throws Exception {
        assumeTrue(OpenSsl.isAvailable(), "the JDK's TLS has no hybrid groups");
        try (Mesh mesh = new Mesh(); ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            mesh.start(mesh.pool(), Mesh.to((InetSocketAddress) listener.getLocalSocketAddress()), new Recorder());
            try (Socket socket = listener.accept()) {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                in.readNBytes(3);
                byte[] hello = in.readNBytes(in.readUnsignedShort());
                String hex = HexFormat.of().formatHex(hello);
                assertThat(hex).as("supported_groups, length, list, X25519MLKEM768, X25519, P-256, P-384").contains("000a000a000811ec001d00170018");
                assertThat(hello.length).as("with the key share of 1216 bytes").isGreaterThan(1300);
            }
        }
    }

    @Test
    void unknownGroupsAreLeftOut() throws Throwable {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTls.DEFAULT.withGroups(List.of("X25519MLKEM99999", "P-256")));
            open(mesh, mesh.pool(HboneOptions.client().with(HboneTls.DEFAULT.withGroups(List.of("nonsense")))), Mesh.CLIENT, address);
        }
    }

    @Test
    void revokedCertificatesAreRefused() throws Throwable {
        try (Mesh mesh = new Mesh()) {
            Path ca = mesh.directory.resolve("ca");
            AtomicReference<Collection<X509CRL>> crls = new AtomicReference<>(List.of(TestCertificates.crl(ca, Instant.now().plusSeconds(3600))));
            var address = serve(mesh, HboneTls.DEFAULT.withCrls(crls::get));
            open(mesh, mesh.pool(), Mesh.CLIENT, address);
            X509Certificate revoked = mesh.ca.certificate(OTHER).chain().get(0);
            crls.set(List.of(TestCertificates.crl(ca, Instant.now().plusSeconds(3600), revoked)));
            assertThatThrownBy(() -> open(mesh, mesh.pool(), OTHER, address)).isInstanceOf(java.io.IOException.class);
            assertThat(event(mesh)).contains("revoked");
            open(mesh, mesh.pool(), Mesh.CLIENT, address);
            // A certificate without a current list is refused, whether the list has expired (the JDK tolerates 15 minutes) or is missing.
            crls.set(List.of(TestCertificates.crl(ca, Instant.now().minusSeconds(1800))));
            assertThatThrownBy(() -> open(mesh, mesh.pool(), Mesh.CLIENT, address)).isInstanceOf(java.io.IOException.class);
            crls.set(List.of());
            assertThatThrownBy(() -> open(mesh, mesh.pool(), Mesh.CLIENT, address)).isInstanceOf(java.io.IOException.class);
        }
    }

    /** Unlike the lists of which each certificate needs one, a list that has nothing to say of a certificate doesn't matter. */
    @Test
    void aListOfRevocationsCountsForItsIssuerAlone() throws Throwable {
        try (Mesh mesh = new Mesh()) {
            Path ca = mesh.directory.resolve("ca");
            AtomicReference<RevocationLists> lists = new AtomicReference<>(RevocationLists.NONE);
            var address = serve(mesh, HboneTls.DEFAULT.withRevocations(lists::get));
            open(mesh, mesh.pool(), OTHER, address);
            X509Certificate revoked = mesh.ca.certificate(OTHER).chain().get(0);
            lists.set(new RevocationLists(List.of(TestCertificates.crl(ca, Instant.now().minusSeconds(1800), revoked))));
            assertThatThrownBy(() -> open(mesh, mesh.pool(), OTHER, address)).isInstanceOf(java.io.IOException.class);
            assertThat(event(mesh)).contains("a certificate in it is revoked");
            open(mesh, mesh.pool(), Mesh.CLIENT, address);
            X509Certificate server = mesh.ca.certificate(Mesh.SERVER).chain().get(0);
            RevocationLists ofServer = new RevocationLists(List.of(TestCertificates.crl(ca, Instant.now(), server)));
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneTls.DEFAULT.withRevocations(() -> ofServer)));
            assertThatThrownBy(() -> open(mesh, pool, Mesh.CLIENT, address)).hasMessageContaining("a certificate in it is revoked");
        }
    }

    @Test
    void aRevokedServerIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            X509Certificate revoked = mesh.ca.certificate(Mesh.SERVER).chain().get(0);
            Collection<X509CRL> crls = List.of(TestCertificates.crl(mesh.directory.resolve("ca"), Instant.now().plusSeconds(3600), revoked));
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneTls.DEFAULT.withCrls(() -> crls)));
            assertThatThrownBy(() -> open(mesh, pool, Mesh.CLIENT, address)).hasMessageContaining("revoked");
        }
    }

    /** X.509-SVID section 4.3. */
    @Test
    void keyUsageIsStrict() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            Path ca = mesh.directory.resolve("ca");
            RawPeer.handshake(address, TestCertificates.withUsage(ca, Mesh.CLIENT.toString(), 0), "h2");
            assertThat(event(mesh)).contains("isn't for digital signatures");
            RawPeer.handshake(address, TestCertificates.withUsage(ca, Mesh.CLIENT.toString(), KeyUsage.keyAgreement), "h2");
            assertThat(event(mesh)).isNotEqualTo("(nothing)");
            RawPeer.handshake(address, TestCertificates.withUsage(ca, Mesh.CLIENT.toString(), KeyUsage.digitalSignature | KeyUsage.keyCertSign), "h2");
            assertThat(event(mesh)).contains("may sign certificates");
            RawPeer.handshake(address, TestCertificates.withUsage(ca, Mesh.CLIENT.toString(), KeyUsage.digitalSignature | KeyUsage.cRLSign), "h2");
            assertThat(event(mesh)).contains("may sign certificates");
        }
    }

    @Test
    void aServerMayExpectCertainClients() throws Throwable {
        try (Mesh mesh = new Mesh()) {
            HboneServer server = new HboneServer(mesh.ca, HboneOptions.server(), Mesh.events(mesh.serverEvents));
            var address = mesh.listen(server.handler(Mesh.SERVER, Set.of(Mesh.CLIENT), Mesh.echo()));
            open(mesh, mesh.pool(), Mesh.CLIENT, address);
            assertThatThrownBy(() -> open(mesh, mesh.pool(), OTHER, address)).isInstanceOf(java.io.IOException.class);
            assertThat(event(mesh)).contains("expected peer " + Mesh.CLIENT + ", got " + OTHER);
            assertThatIllegalArgumentException().isThrownBy(() -> server.handler(Mesh.SERVER, Set.of(), Mesh.echo()));
        }
    }

    /** A tunnel between two workloads whose root somebody has put into the directory. */
    @ParameterizedTest
    @ValueSource(strings = {"-newkey ec -pkeyopt ec_paramgen_curve:P-384", "-newkey ec -pkeyopt ec_paramgen_curve:P-521", "-newkey rsa:2048"})
    void anyRootWillDo(String key) throws Exception {
        try (Mesh mesh = new Mesh(directory -> ForeignRoot.create(directory, key, "/O=Our company", "-addext keyUsage=keyCertSign"))) {
            mesh.open(mesh.pool(), mesh.serve(Mesh.echo()));
        }
    }

    /** RFC 8446 section 6.2; internal_error would send the peer's operator to the wrong end. */
    @Test
    void theAlertSaysWhyACertificateIsRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            Path ca = mesh.directory.resolve("ca");
            String client = Mesh.CLIENT.toString();
            DevelopmentCa foreign = DevelopmentCa.open(mesh.directory.resolve("foreign"));
            assertThat(alert(address, foreign.certificate(Mesh.CLIENT))).isEqualTo(alert("unknown_ca"));
            assertThat(alert(address, TestCertificates.issue(ca, List.of(client, client + "2")))).isEqualTo(alert("bad_certificate"));
            assertThat(alert(address, TestCertificates.issue(ca, List.of("spiffe://other/ns/a/sa/b")))).isEqualTo(alert("bad_certificate"));
            assertThat(alert(address, TestCertificates.withUsage(ca, client, 0))).isEqualTo(alert("bad_certificate"));
            Instant past = Instant.now().minusSeconds(7200);
            assertThat(alert(address, TestCertificates.issue(ca, client, past, Duration.ofHours(1)))).isEqualTo(alert("certificate_expired"));
        }
    }

    /** The JDK's TLS knows one alert for all of them. */
    private static String alert(String reason) {
        return OpenSsl.isAvailable() ? reason : "certificate_unknown";
    }

    /** Asks again if the JDK's TLS has lost the alert: it doesn't read it if it is writing when the server closes. */
    private static String alert(InetSocketAddress address, WorkloadCertificate certificate) throws Exception {
        while (true) {
            try (SSLSocket client = RawPeer.connect(address, certificate, "h2")) {
                client.startHandshake();
                while (client.getInputStream().read() >= 0) {
                    // SETTINGS may arrive before the server's decision.
                }
                return "none";
            } catch (SSLException e) {
                return String.valueOf(e.getMessage()).replaceAll(".*alert: ", "");
            } catch (SocketException e) {
                assertThat(e).hasMessageMatching("Broken pipe|Connection reset.*");
            }
        }
    }

    /** New connections present the new certificate immediately; the old connection keeps the old one. */
    @Test
    void rotationReachesNewConnectionsAtOnce() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Path ca = mesh.directory.resolve("ca");
            InMemoryCertificates ours = new InMemoryCertificates();
            assertThat(ours.put(TestCertificates.issue(ca, List.of(Mesh.CLIENT.toString())))).isEqualTo(Mesh.CLIENT);
            LinkedBlockingQueue<X509Certificate> shown = new LinkedBlockingQueue<>();
            var address = mesh.serve(request -> {
                try {
                    shown.add((X509Certificate) request.connection().pipeline().get(SslHandler.class).engine().getSession().getPeerCertificates()[0]);
                    request.accept(List.of(), new Mesh.Echo());
                } catch (TunnelResetException | javax.net.ssl.SSLPeerUnverifiedException e) {
                    throw new IllegalStateException(e);
                }
            });
            HbonePool pool = mesh.pool(ours, HboneOptions.client().withMaxConcurrentStreams(2));
            mesh.open(pool, address);
            X509Certificate first = ours.certificate(Mesh.CLIENT).chain().get(0);
            assertThat(shown.take()).isEqualTo(first);
            ours.put(TestCertificates.issue(ca, List.of(Mesh.CLIENT.toString())));
            mesh.open(pool, address);
            assertThat(shown.take()).as("still the first connection").isEqualTo(first);
            mesh.open(pool, address);
            assertThat(shown.take()).as("a new connection").isEqualTo(ours.certificate(Mesh.CLIENT).chain().get(0)).isNotEqualTo(first);
            ours.remove(Mesh.CLIENT);
            mesh.open(pool, address);
            assertThatThrownBy(() -> mesh.open(pool, address)).hasMessageContaining("there is no certificate of " + Mesh.CLIENT);
        }
    }

    /** Connections wait for a certificate that is still being fetched, on both sides. */
    @Test
    void aCertificateMayComeLater() throws Exception {
        try (Mesh mesh = new Mesh()) {
            LinkedBlockingQueue<CompletableFuture<WorkloadCertificate>> asked = new LinkedBlockingQueue<>();
            CertificateSource slow = new CertificateSource() {
                @Override
                public WorkloadCertificate certificate(SpiffeId identity) throws java.io.IOException {
                    throw new java.io.IOException("not yet");
                }

                @Override
                public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
                    CompletableFuture<WorkloadCertificate> future = new CompletableFuture<>();
                    asked.add(future);
                    return future;
                }
            };
            var address = mesh.serve(new HboneServer(slow, HboneOptions.server(), Mesh.events(mesh.serverEvents)), Mesh.echo());
            Recorder recorder = new Recorder();
            var tunnel = mesh.start(mesh.pool(slow, HboneOptions.client()), Mesh.to(address), recorder);
            var client = asked.take();
            assertThat(tunnel.isDone()).isFalse();
            client.complete(mesh.ca.certificate(Mesh.CLIENT));
            asked.take().complete(mesh.ca.certificate(Mesh.SERVER));
            tunnel.get(Mesh.PATIENCE, TimeUnit.SECONDS);
            recorder.write("at last");
            assertThat(recorder.next()).isEqualTo("at last");
            var failing = mesh.start(mesh.pool(slow, HboneOptions.client()), Mesh.to(address), new Recorder());
            asked.take().completeExceptionally(new java.io.IOException("the CA is down"));
            assertThatThrownBy(() -> failing.get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("the CA is down");
        }
    }
}
