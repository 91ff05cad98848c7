package io.inpod.examples.ztunnel.ca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.x509.GeneralName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of a CA, and what becomes of its answers, good and bad. */
@Timeout(60)
class CaClientTest {
    private static final SpiffeId ID = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/app");
    private static final SpiffeId OTHER = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/other");

    private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor();
    private TestCa ca;
    private RemoteCa remote;

    @BeforeEach
    void start(@TempDir Path home) throws Exception {
        ca = new TestCa(home);
    }

    @AfterEach
    void stop() throws Exception {
        if (remote != null) {
            remote.close();
        }
        ca.close();
        control.shutdownNow();
    }

    private RemoteCa open(ProxyConfig config) throws IOException {
        remote = RemoteCa.open(config.ca(), List.of());
        return remote;
    }

    private static WorkloadCertificate get(CompletionStage<WorkloadCertificate> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private void assertRefused(String why) {
        assertThatThrownBy(() -> get(remote.fetch(ID))).isInstanceOf(ExecutionException.class).hasMessageContaining(why);
    }

    @Test
    void theCaIsAskedAsIstiosProxyAsks() throws Exception {
        open(ca.config("SECRET_TTL", "2h", "CLUSTER_ID", "c1", "CA_HEADER_X_Tenant", "t"));
        WorkloadCertificate certificate = get(remote.fetch(ID));

        TestCa.Asked asked = ca.next();
        assertThat(asked.identity()).isEqualTo(ID.toString());
        assertThat(asked.request().getValidityDuration()).isEqualTo(7200);
        assertThat(asked.header("authorization")).isEqualTo("Bearer first.token");
        assertThat(asked.header("clusterid")).isEqualTo("c1");
        assertThat(asked.header("x_tenant")).isEqualTo("t");
        assertThat(certificate.identity()).isEqualTo(ID);
        assertThat(certificate.chain()).hasSize(2);
        assertThat(certificate.trustAnchors()).containsExactly(ca.root.certificate());
        assertThat(openssl(asked.request().getCsr())).contains("self-signature verify OK", "Subject: \n", "NIST CURVE: P-256", "ecdsa-with-SHA256",
                "X509v3 Subject Alternative Name: critical", "URI:" + ID);

        Files.writeString(ca.home.resolve("token"), "second.token");
        get(remote.fetch(ID));
        TestCa.Asked again = ca.next();
        assertThat(again.header("authorization")).isEqualTo("Bearer second.token");
        assertThat(again.key()).as("a fresh key").isNotEqualTo(asked.key());
    }

    private String openssl(String csr) throws Exception {
        Path file = Files.writeString(ca.home.resolve("csr.pem"), csr);
        Process process = new ProcessBuilder("openssl", "req", "-in", file.toString(), "-noout", "-text", "-verify").redirectErrorStream(true).start();
        try (var output = process.getInputStream()) {
            return new String(output.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    /** What isn't what was asked for is never used, and the reason is said. */
    @Test
    void badAnswersAreRefusedWithTheirReason() throws Exception {
        open(ca.config());
        Instant now = Instant.now();
        TestAuthority stranger = TestAuthority.root("stranger");
        answer(asked -> leaf(ca.intermediate, OTHER, asked, now.minusSeconds(5), now.plusSeconds(60)));
        assertRefused("it is of " + OTHER + ", not of " + ID);
        answer(asked -> leaf(ca.intermediate, ID, asked, now.minusSeconds(60), now.minusSeconds(5)));
        assertRefused("NotAfter");
        answer(asked -> leaf(ca.intermediate, ID, asked, now.plusSeconds(60), now.plusSeconds(90)));
        assertRefused("NotBefore");
        answer(asked -> TestAuthority.pem(ca.intermediate.workload(ID.toString(), TestAuthority.newKeys().getPublic(), now.minusSeconds(5), now.plusSeconds(60))));
        assertRefused("another key");
        answer(asked -> leaf(stranger, ID, asked, now.minusSeconds(5), now.plusSeconds(60)));
        assertRefused("wasn't issued by the next one");
        answer(asked -> TestAuthority.pem(ca.intermediate.leaf(new GeneralName(GeneralName.uniformResourceIdentifier, ID.toString()), asked.key(),
                now.minusSeconds(5), now.plusSeconds(60), true)));
        assertRefused("it is an authority's");
        answer(asked -> TestAuthority.pem(ca.intermediate.leaf(new GeneralName(GeneralName.dNSName, "app"), asked.key(), now.minusSeconds(5),
                now.plusSeconds(60), false)));
        assertRefused("exactly one URI");
        answer(asked -> "nothing");
        assertRefused("the certificate");
        ca.behaviour = (asked, to) -> TestCa.send(to, leaf(ca.intermediate, ID, asked, now.minusSeconds(5), now.plusSeconds(60)),
                TestAuthority.pem(ca.intermediate.certificate()), TestAuthority.pem(stranger.certificate()));
        assertRefused("intermediate certificate 1 wasn't issued by one of the roots");
        ca.behaviour = (asked, to) -> TestCa.send(to, leaf(ca.intermediate, ID, asked, now.minusSeconds(5), now.plusSeconds(60)));
        assertRefused("got 1 texts");
        ca.behaviour = (asked, to) -> TestCa.send(to, leaf(ca.root, ID, asked, now.minusSeconds(5), now.plusSeconds(60)), TestAuthority.pem(ca.root.certificate()),
                TestAuthority.pem(stranger.certificate(), ca.root.certificate()));
        assertThat(get(remote.fetch(ID)).chain()).as("without the root").hasSize(1);
    }

    private interface Leaf {
        String of(TestCa.Asked asked) throws Exception;
    }

    private void answer(Leaf leaf) {
        ca.behaviour = (asked, to) -> TestCa.send(to, leaf.of(asked), TestAuthority.pem(ca.intermediate.certificate()), TestAuthority.pem(ca.root.certificate()));
    }

    private static String leaf(TestAuthority issuer, SpiffeId identity, TestCa.Asked asked, Instant from, Instant until) throws Exception {
        return TestAuthority.pem(issuer.workload(identity.toString(), asked.key(), from, until));
    }

    @Test
    void whatTheCaSaysIsPassedOn() throws Exception {
        open(ca.config());
        ca.behaviour = (asked, to) -> to.onError(Status.PERMISSION_DENIED.withDescription("no such pod on\nthis node").asException());
        assertRefused("answers with PERMISSION_DENIED: no such pod on?this node");
        Files.delete(ca.home.resolve("token"));
        assertRefused("AUTH_TOKEN: there is no file");
        remote.close();
        open(ca.config("AUTH_TOKEN", ""));
        ca.behaviour = (asked, to) -> to.onError(Status.UNAUTHENTICATED.asException());
        assertRefused("UNAUTHENTICATED (no token was sent: there is no ./var/run/secrets/tokens/istio-token, and AUTH_TOKEN isn't set)");
    }

    /** Istiod doesn't say what it dislikes about a token. */
    @Test
    void whatATokenSaysAboutItselfIsSaidIfItIsRefused() throws Exception {
        open(ca.config());
        ca.behaviour = (asked, to) -> to.onError(Status.UNAUTHENTICATED.withDescription("authentication failure").asException());
        assertRefused("UNAUTHENTICATED: authentication failure (the token that was sent isn't a JWT)");
        token("{\"aud\":[\"istio-ca\"],\"exp\":1700000000,\"kubernetes.io\":{\"namespace\":\"istio-system\",\"pod\":{\"name\":\"zt-1\",\"uid\":\"u\"}},"
                + "\"sub\":\"system:serviceaccount:istio-system:ztunnel\"}");
        assertRefused("authentication failure (the token that was sent is of system:serviceaccount:istio-system:ztunnel, for istio-ca,"
                + " bound to the pod zt-1, and expired at 2023-11-14T22:13:20Z)");
        token("{\"aud\":\"other\",\"exp\":99999999999}");
        assertRefused("is of nobody, for other, not bound to a pod, and expires at 5138-11-16T09:46:39Z)");
        ca.behaviour = (asked, to) -> to.onError(Status.UNAVAILABLE.withDescription("busy").asException());
        assertThatThrownBy(() -> get(remote.fetch(ID))).hasMessageEndingWith("UNAVAILABLE: busy");
    }

    private void token(String claims) throws Exception {
        String encoded = Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8));
        Files.writeString(ca.home.resolve("token"), "e30." + encoded + ".c2ln");
    }

    @Test
    void aSilentCaIsGivenUpAndAResetOneAskedAgain() throws Exception {
        open(ca.config());
        get(remote.fetch(ID));
        try (RemoteCa same = remote) {
            CaClient impatient = same.client(Duration.ofMillis(100));
            ca.behaviour = (asked, to) -> { };
            assertThatThrownBy(() -> get(impatient.fetch(ID))).hasMessageContaining("DEADLINE_EXCEEDED");
            CompletionStage<WorkloadCertificate> waiting = same.fetch(ID);
            ca.asked.clear();
            ca.next();
            ca.stop();
            assertThatThrownBy(() -> get(waiting)).hasMessageContaining("answers with ");
            assertRefused("UNAVAILABLE");
        }
    }

    @Test
    void theRootsThatVouchForTheCaAreReadAgain() throws Exception {
        open(ca.config());
        get(remote.fetch(ID));
        ca.restart(ca.stop());
        while (isFetched() || !failure.contains("PKIX")) { // until the old connection is gone
            assertThat(failure).isNotNull();
        }
        assertThat(remote.look()).isFalse();
        ca.writeRoot();
        assertThat(remote.look()).as("seen once").isFalse();
        assertThat(remote.look()).as("seen twice").isTrue();
        assertThat(get(remote.fetch(ID)).identity()).isEqualTo(ID);

        Files.writeString(ca.rootFile(), "nonsense");
        remote.look();
        assertThatThrownBy(() -> remote.look()).isInstanceOf(IOException.class).hasMessageContaining("has no certificates");
        assertThat(get(remote.fetch(ID)).identity()).isEqualTo(ID);
        assertThatThrownBy(() -> RemoteCa.open(ca.config().ca(), List.of())).hasMessageContaining("CA_ROOT_CA: ").hasMessageContaining("has no certificates");
        assertThatThrownBy(() -> RemoteCa.open(ca.config("CA_ROOT_CA", "/nowhere/root.pem").ca(), List.of())).hasMessageContaining("CA_ROOT_CA: there is no file /nowhere/root.pem");
    }

    private String failure = "";

    private boolean isFetched() throws Exception {
        try {
            get(remote.fetch(ID));
            return true;
        } catch (ExecutionException e) {
            failure = e.getMessage();
            return false;
        }
    }

    @Test
    void namesAndRootsAreChecked() throws Exception {
        open(ca.config("ALT_CA_HOSTNAME", "other.test"));
        assertRefused("other.test");
        remote.close();
        open(ca.config("CA_ROOT_CA", "SYSTEM"));
        assertRefused("certif");
        remote.close();
        open(ca.config("CA_ROOT_CA", Files.readString(ca.rootFile())));
        assertThat(get(remote.fetch(ID)).identity()).isEqualTo(ID);
    }

    @Test
    void aCaOnThisNodeIsReachedByASocket() throws Exception {
        Path socket = ca.listenAtSocket();
        open(ca.config("CA_ADDRESS", "unix:" + socket, "CA_ROOT_CA", "/nowhere", "AUTH_TOKEN", ""));
        assertThat(get(remote.fetch(ID)).identity()).isEqualTo(ID);
        assertThat(ca.next().header("authorization")).isNull();
    }

    @Test
    void otherRootsRenewAllCertificatesAndNoThreadIsStarted() throws Exception {
        try (Certificates certificates = Certificates.open(ca.config(), Map.of(), control)) {
            control.submit(() -> { }).get();
            List<String> threads = threads();
            CertificateSource.Use use = certificates.source().use(ID);
            CertificateSource.Use otherUse = certificates.source().use(OTHER);
            get(certificates.source().request(OTHER));
            get(certificates.source().request(ID));
            assertThat(List.of(ca.next().identity(), ca.next().identity())).containsExactlyInAnyOrder(ID.toString(), OTHER.toString());

            TestAuthority next = TestAuthority.root("next root");
            ca.behaviour = (asked, to) -> ca.issue(asked, to, 3600, next);
            SpiffeId third = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/third");
            CertificateSource.Use thirdUse = certificates.source().use(third);
            List<String> asked = new ArrayList<>();
            while (!asked.contains(ID.toString()) || !asked.contains(OTHER.toString())) {
                asked.add(ca.next().identity());
            }
            while (!certificates.source().certificate(ID).trustAnchors().contains(next.certificate())) {
                Thread.onSpinWait();
            }
            assertThat(certificates.source().certificate(ID).trustAnchors()).containsExactly(ca.root.certificate(), next.certificate());
            assertThat(certificates.statuses()).hasSize(3).allMatch(status -> status.state() == CertificateStatus.State.AVAILABLE);
            assertThat(threads).as("those of before").containsAll(threads()); // others may have ended
            thirdUse.close();
            use.close();
            otherUse.close();
            assertThat(certificates.statuses()).isEmpty();
            assertThatThrownBy(() -> get(certificates.source().request(ID))).hasMessageContaining("nobody uses the identity " + ID);
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> !name.matches("(multiThreadIoEventLoopGroup|globalEventExecutor).*")).sorted().toList();
    }
}
