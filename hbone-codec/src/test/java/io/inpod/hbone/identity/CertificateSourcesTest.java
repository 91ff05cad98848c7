package io.inpod.hbone.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CertificateSourcesTest {
    private static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    private static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");
    @TempDir Path temporary;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() throws InterruptedException {
        timer.shutdownNow();
        assertThat(timer.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void filesAreReadAnewWhenTheyChange() throws Exception {
        DevelopmentCa ca = DevelopmentCa.open(temporary.resolve("ca"));
        Path chain = temporary.resolve("chain.pem");
        Path key = temporary.resolve("key.pem");
        ca.issueTo(CLIENT, chain, key);
        LinkedBlockingQueue<IOException> problems = new LinkedBlockingQueue<>();
        try (FileCertificates files = FileCertificates.watch(chain, key, ca.rootCertificate(), timer, Duration.ofMillis(20), problems::add)) {
            WorkloadCertificate first = files.certificate(CLIENT);
            assertThat(first.trustAnchors()).isEqualTo(ca.certificate(CLIENT).trustAnchors());
            assertThat(files.certificate(CLIENT)).isSameAs(first);
            assertThatThrownBy(() -> files.certificate(SERVER)).isInstanceOf(IOException.class).hasMessageContaining(CLIENT + ", not of " + SERVER);

            // A new key isn't used until its certificate is there.
            Path newChain = temporary.resolve("chain.new");
            Path newKey = temporary.resolve("key.new");
            ca.issueTo(CLIENT, newChain, newKey);
            Files.move(newKey, key, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            assertThat(problems.poll(20, TimeUnit.SECONDS)).hasMessageContaining("doesn't belong to the certificate");
            assertThat(files.certificate(CLIENT)).isSameAs(first);
            Files.move(newChain, chain, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            while (files.certificate(CLIENT) == first) {
                Thread.onSpinWait();
            }
            WorkloadCertificate second = files.certificate(CLIENT);
            assertThat(second.chain().get(0)).isNotEqualTo(first.chain().get(0));

            Files.writeString(chain, "garbage");
            assertThat(problems.poll(20, TimeUnit.SECONDS)).isNotNull();
            ca.issueTo(SERVER, chain, key);
            IOException problem = problems.poll(20, TimeUnit.SECONDS);
            while (problem != null && !problem.getMessage().contains("has become a certificate of")) {
                problem = problems.poll(20, TimeUnit.SECONDS);
            }
            assertThat(problem).isNotNull();
            assertThat(files.certificate(CLIENT)).isSameAs(second);
        }
    }

    @Test
    void unusableFilesAreNamed() throws Exception {
        DevelopmentCa ca = DevelopmentCa.open(temporary.resolve("ca"));
        Path chain = temporary.resolve("chain.pem");
        Path key = temporary.resolve("key.pem");
        ca.issueTo(CLIENT, chain, key);
        Path root = ca.rootCertificate();
        Path missing = temporary.resolve("missing.pem");
        assertThatThrownBy(() -> FileCertificates.watch(missing, key, root, timer, Duration.ofSeconds(1), e -> { }).close())
                .isInstanceOf(IOException.class).hasMessageContaining("missing.pem");
        assertThatThrownBy(() -> FileCertificates.watch(root, key, root, timer, Duration.ofSeconds(1), e -> { }).close())
                .isInstanceOf(IOException.class).hasMessageContaining("doesn't belong");
        Path sec1 = Files.writeString(temporary.resolve("sec1.pem"), "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
        assertThatThrownBy(() -> FileCertificates.watch(chain, sec1, root, timer, Duration.ofSeconds(1), e -> { }).close())
                .isInstanceOf(IOException.class).hasMessageContaining("openssl pkcs8");
    }

    /** What can't be used, or soon can't, is said in time and once, by the file's name. */
    @Test
    void expiryIsToldAtAThirdOfTheLifeLeftAndAtTheEnd() throws Exception {
        Path chain = temporary.resolve("chain.pem");
        Path key = temporary.resolve("key.pem");
        DevelopmentCa ca = DevelopmentCa.open(temporary.resolve("ca"));
        Instant start = Instant.now();
        write(issue(CLIENT, Duration.ZERO, Duration.ofMinutes(55)), chain, key); // and five minutes before
        Instant[] now = {start};
        LinkedBlockingQueue<IOException> problems = new LinkedBlockingQueue<>();
        Turns turns = new Turns();
        try (FileCertificates files = FileCertificates.watch(chain, key, ca.rootCertificate(), turns, Duration.ofMillis(1), problems::add,
                new TestClock(() -> now[0]))) {
            WorkloadCertificate first = files.certificate(CLIENT);
            now[0] = start.plus(Duration.ofMinutes(34));
            turns.look();
            assertThat(problems).isEmpty();
            now[0] = start.plus(Duration.ofMinutes(36));
            turns.look();
            turns.look();
            assertThat(problems).hasSize(1);
            assertThat(problems.remove()).hasMessageContaining("chain.pem is valid until").hasMessageContaining("hasn't been replaced yet");
            assertThat(files.certificate(CLIENT)).isSameAs(first);
            now[0] = start.plus(Duration.ofMinutes(56));
            turns.look();
            turns.look();
            assertThat(problems).hasSize(1);
            assertThat(problems.remove()).hasMessageContaining("chain.pem has expired");
            assertThatThrownBy(() -> files.certificate(CLIENT)).isInstanceOf(IOException.class).hasMessageContaining("chain.pem has expired");

            write(issue(CLIENT, Duration.ZERO, Duration.ofHours(2)), chain, key);
            turns.look();
            assertThat(problems).isEmpty();
            assertThat(files.certificate(CLIENT)).isNotSameAs(first);
            now[0] = start.plus(Duration.ofHours(3));
            turns.look();
            assertThat(problems.remove()).as("of the second one").hasMessageContaining("chain.pem has expired");
            assertThatThrownBy(() -> FileCertificates.watch(chain, key, ca.rootCertificate(), timer, Duration.ofSeconds(1), e -> { }, new TestClock(() -> now[0]))
                    .close()).isInstanceOf(IOException.class).hasMessageContaining("chain.pem has expired");
            now[0] = start.minus(Duration.ofHours(3));
            assertThatThrownBy(() -> FileCertificates.watch(chain, key, ca.rootCertificate(), timer, Duration.ofSeconds(1), e -> { }, new TestClock(() -> now[0]))
                    .close()).isInstanceOf(IOException.class).hasMessageContaining("is not valid before");
        }
    }

    /** Runs what is scheduled when the test says so. */
    private static final class Turns extends java.util.concurrent.ScheduledThreadPoolExecutor {
        private @org.jspecify.annotations.Nullable Runnable task;

        Turns() {
            super(0);
        }

        @Override
        public java.util.concurrent.ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
            task = command;
            return schedule(() -> { }, 1, TimeUnit.DAYS);
        }

        void look() {
            java.util.Objects.requireNonNull(task).run();
        }
    }

    private static void write(WorkloadCertificate certificate, Path chain, Path key) throws IOException {
        Pem.write(key, Pem.encode(certificate.privateKey()));
        Pem.write(chain, Pem.encode(certificate.chain()));
    }

    @Test
    void ourOwnCertificateIsNotCalledThePeers() throws Exception {
        DevelopmentCa ca = DevelopmentCa.open(temporary.resolve("ca"));
        Path chain = temporary.resolve("chain.pem");
        Path key = temporary.resolve("key.pem");
        for (String name : List.of("URI:spiffe://cluster.local", "URI:https://example.com", "DNS:example.com")) {
            write(TestCertificates.openssl(temporary.resolve("ca"), temporary, name), chain, key);
            assertThatThrownBy(() -> FileCertificates.watch(chain, key, ca.rootCertificate(), timer, Duration.ofSeconds(1), e -> { }).close())
                    .isInstanceOf(IOException.class).hasMessageContaining("chain.pem isn't a workload's certificate").hasMessageNotContaining("peer");
        }
    }

    private static SpiffeId id(int n) {
        return new SpiffeId("cluster.local", "a", "w" + n);
    }

    private record Asked(SpiffeId identity, CompletableFuture<WorkloadCertificate> answer) { }

    private final LinkedBlockingQueue<Asked> asked = new LinkedBlockingQueue<>();

    private CompletionStage<WorkloadCertificate> ask(SpiffeId identity) {
        CompletableFuture<WorkloadCertificate> answer = new CompletableFuture<>();
        asked.add(new Asked(identity, answer));
        return answer;
    }

    private Asked next() throws InterruptedException {
        return java.util.Objects.requireNonNull(asked.poll(20, TimeUnit.SECONDS), "nothing was fetched");
    }

    private WorkloadCertificate issue(SpiffeId identity, Duration age, Duration lifetime) throws IOException {
        return TestCertificates.issue(temporary.resolve("ca"), identity.toString(), Instant.now().minus(age), lifetime);
    }

    private WorkloadCertificate issue(SpiffeId identity) throws IOException {
        return issue(identity, Duration.ZERO, Duration.ofHours(1));
    }

    private CertificateFetcher fetcher(long backoffMillis) throws IOException {
        DevelopmentCa.open(temporary.resolve("ca"));
        return new CertificateFetcher(this::ask, timer, Clock.systemUTC(), TimeUnit.MILLISECONDS.toNanos(backoffMillis), false);
    }

    @Test
    void whoWaitsGoesFirstAndEightRunAtOnce() throws Exception {
        try (CertificateFetcher fetcher = fetcher(1000)) {
            for (int i = 0; i < 12; i++) {
                fetcher.prefetch(id(i));
            }
            CompletionStage<WorkloadCertificate> urgent = fetcher.request(id(100));
            CompletionStage<WorkloadCertificate> promoted = fetcher.request(id(11));
            List<Asked> running = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                running.add(next());
                assertThat(running.get(i).identity()).isEqualTo(id(i));
            }
            assertThat(asked).isEmpty();
            List<SpiffeId> order = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                Asked done = running.remove(0);
                done.answer().complete(issue(done.identity()));
                Asked started = next();
                order.add(started.identity());
                running.add(started);
            }
            assertThat(order).containsExactly(id(100), id(11), id(8), id(9), id(10));
            running.forEach(a -> {
                try {
                    a.answer().complete(issue(a.identity()));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(urgent.toCompletableFuture().get(20, TimeUnit.SECONDS).identity()).isEqualTo(id(100));
            assertThat(promoted.toCompletableFuture().get(20, TimeUnit.SECONDS)).isSameAs(fetcher.certificate(id(11)));
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void requestsShareAFetchAndItsFailureAndTheCaIsLeftAlone() throws Exception {
        try (CertificateFetcher fetcher = fetcher(300)) {
            var first = fetcher.request(id(1)).toCompletableFuture();
            var second = fetcher.request(id(1)).toCompletableFuture();
            assertThatThrownBy(() -> fetcher.certificate(id(1))).isInstanceOf(IOException.class).hasMessageContaining("hasn't been fetched yet");
            next().answer().completeExceptionally(new IOException("quota"));
            assertThatThrownBy(first::get).hasMessageContaining("can't be fetched: quota");
            assertThatThrownBy(second::get).hasMessageContaining("can't be fetched: quota");
            assertThatThrownBy(() -> fetcher.request(id(1)).toCompletableFuture().get()).hasMessageContaining("quota");
            // It recovers without a restart.
            next().answer().completeExceptionally(new IOException("quota again"));
            Asked third = next();
            var waiting = fetcher.request(id(1)).toCompletableFuture();
            third.answer().complete(issue(id(2)));
            assertThatThrownBy(waiting::get).hasMessageContaining("was asked for a certificate of " + id(1) + " and returned one of " + id(2));
            next().answer().complete(issue(id(1)));
            while (true) {
                try {
                    assertThat(fetcher.certificate(id(1)).identity()).isEqualTo(id(1));
                    break;
                } catch (IOException e) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    @Test
    void renewalAtHalfOfTheLifetimeAndTheOldOneStaysUntilItExpires() throws Exception {
        try (CertificateFetcher fetcher = fetcher(200)) {
            var waiting = fetcher.request(id(1)).toCompletableFuture();
            // The development CA backdates by five minutes, so more than half of a lifetime of six is over.
            WorkloadCertificate old = issue(id(1), Duration.ofMinutes(2), Duration.ofMinutes(2).plusSeconds(4));
            next().answer().complete(old);
            assertThat(waiting.get(20, TimeUnit.SECONDS)).isSameAs(old);
            Asked renewal = next();
            assertThat(renewal.identity()).isEqualTo(id(1));
            renewal.answer().completeExceptionally(new IOException("down"));
            if (Instant.now().isBefore(old.chain().get(0).getNotAfter().toInstant().minusSeconds(1))) {
                assertThat(fetcher.certificate(id(1))).isSameAs(old);
                assertThat(fetcher.request(id(1)).toCompletableFuture().get()).isSameAs(old);
            }
            WorkloadCertificate fresh = issue(id(1));
            next().answer().complete(fresh);
            while (fetcher.certificate(id(1)) != fresh) {
                Thread.onSpinWait();
            }
            fetcher.forget(id(1));
            assertThatThrownBy(() -> fetcher.certificate(id(1))).hasMessageContaining("hasn't been fetched yet");
        }
    }

    @Test
    void anExpiredCertificateIsNotGiven() throws Exception {
        CertificateFetcher fetcher = fetcher(60_000);
        var waiting = fetcher.request(id(1)).toCompletableFuture();
        next().answer().complete(issue(id(1), Duration.ofHours(2), Duration.ofHours(1)));
        assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS)).hasMessageContaining("the certificate of " + id(1) + " that the CA returned has expired");
        assertThatThrownBy(() -> fetcher.certificate(id(1))).isInstanceOf(IOException.class).hasMessageContaining("has expired");
        var closing = fetcher.request(id(2)).toCompletableFuture();
        next();
        fetcher.close();
        assertThatThrownBy(() -> closing.get(20, TimeUnit.SECONDS)).hasMessageContaining("is no longer wanted");
    }

    /** Who can't connect any more is told since when, and why there is no new certificate. */
    @Test
    void afterExpiryTheLastFailureIsNamed() throws Exception {
        DevelopmentCa.open(temporary.resolve("ca"));
        Instant start = Instant.now();
        Instant[] now = {start.plusMillis(1950)};
        try (CertificateFetcher fetcher = new CertificateFetcher(this::ask, timer, new TestClock(() -> now[0]), TimeUnit.MILLISECONDS.toNanos(20), false)) {
            var waiting = fetcher.request(id(1)).toCompletableFuture();
            assertThat(fetcher.statuses()).extracting(CertificateStatus::state).containsExactly(CertificateStatus.State.INITIALIZING);
            WorkloadCertificate certificate = TestCertificates.issue(temporary.resolve("ca"), id(1).toString(), start, Duration.ofSeconds(3));
            next().answer().complete(certificate);
            waiting.get(20, TimeUnit.SECONDS);
            next().answer().completeExceptionally(new IOException("the CA is away"));
            next(); // the failure has been noted
            assertThat(fetcher.certificate(id(1))).isSameAs(certificate);
            assertThat(fetcher.statuses()).singleElement().satisfies(status -> {
                assertThat(status.state()).isEqualTo(CertificateStatus.State.AVAILABLE);
                assertThat(status.failure()).hasMessageContaining("the CA is away");
            });

            now[0] = start.plusSeconds(5);
            assertThatThrownBy(() -> fetcher.certificate(id(1))).isInstanceOf(IOException.class).hasMessageContaining("the certificate of " + id(1) + " has expired at "
                    + certificate.validUntil()).hasMessageContaining("the CA is away");
            assertThat(fetcher.statuses()).extracting(CertificateStatus::state).containsExactly(CertificateStatus.State.UNAVAILABLE);
        }
    }

    @Test
    void aCertificateIsKeptUntilItsLastUseEnds() throws Exception {
        DevelopmentCa.open(temporary.resolve("ca"));
        try (CertificateFetcher fetcher = CertificateFetcher.ofUsed(this::ask, timer)) {
            assertThatThrownBy(() -> fetcher.request(id(1)).toCompletableFuture().get()).hasMessageContaining("nobody uses the identity " + id(1));
            assertThat(asked).isEmpty();
            CertificateSource.Use first = fetcher.use(id(1));
            CertificateSource.Use second = fetcher.use(id(1));
            next().answer().complete(issue(id(1)));
            WorkloadCertificate certificate = fetcher.request(id(1)).toCompletableFuture().get(20, TimeUnit.SECONDS);
            first.close();
            first.close();
            assertThat(fetcher.certificate(id(1))).isSameAs(certificate);
            second.close();
            assertThat(fetcher.statuses()).isEmpty();
            assertThatThrownBy(() -> fetcher.request(id(1)).toCompletableFuture().get()).hasMessageContaining("nobody uses");
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void anIdentityThatIsOnlyAllowedIsFetchedWhenAConnectionAsks() throws Exception {
        DevelopmentCa.open(temporary.resolve("ca"));
        try (CertificateFetcher fetcher = CertificateFetcher.ofUsed(this::ask, timer)) {
            CertificateSource.Use allowed = fetcher.allow(id(1));
            assertThat(asked).isEmpty();
            CompletionStage<WorkloadCertificate> request = fetcher.request(id(1));
            next().answer().complete(issue(id(1)));
            assertThat(request.toCompletableFuture().get(20, TimeUnit.SECONDS).identity()).isEqualTo(id(1));
            CertificateSource.Use used = fetcher.use(id(1));
            allowed.close();
            assertThat(fetcher.certificate(id(1)).identity()).isEqualTo(id(1));
            used.close();
            assertThat(fetcher.statuses()).isEmpty();
            fetcher.allow(id(2)).close();
            assertThat(fetcher.statuses()).isEmpty();
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void allAreRenewedAlsoThoseThatAreBeingFetched() throws Exception {
        try (CertificateFetcher fetcher = fetcher(1000)) {
            fetcher.prefetch(id(1));
            next().answer().complete(issue(id(1)));
            fetcher.request(id(2));
            Asked outdated = next();
            fetcher.renewAll();
            assertThat(next().identity()).isEqualTo(id(1));
            outdated.answer().complete(issue(id(2)));
            assertThat(next().identity()).isEqualTo(id(2));
            assertThat(asked).isEmpty();
        }
    }

    /** Lists of Istio's CA have its intermediates; those that issue workloads' certificates have no list. */
    @Test
    void aRevocationListCountsForItsIssuerAlone() throws Exception {
        Path ca = temporary.resolve("ca");
        DevelopmentCa.open(ca);
        WorkloadCertificate one = issue(id(1));
        WorkloadCertificate other = issue(id(1));
        java.security.cert.X509CRL list = TestCertificates.crl(ca, Instant.now().minusSeconds(60), one.chain().get(0));
        RevocationLists lists = RevocationLists.parse(list.getEncoded());
        assertThat(lists.size()).isEqualTo(1);
        assertThat(lists.revokes(one.chain(), one.trustAnchors())).as("although its next update is due").isTrue();
        assertThat(lists.revokes(other.chain(), other.trustAnchors())).isFalse();
        Path elsewhere = temporary.resolve("elsewhere");
        WorkloadCertificate foreign = DevelopmentCa.open(elsewhere).certificate(id(1));
        assertThat(new RevocationLists(List.of(TestCertificates.crl(elsewhere, Instant.now(), one.chain().get(0)))).revokes(one.chain(), one.trustAnchors()))
                .as("a list of an issuer of the same name").isFalse();
        assertThat(lists.revokes(foreign.chain(), foreign.trustAnchors())).isFalse();
        assertThat(RevocationLists.parse(new byte[0]).size()).isZero();
        assertThatThrownBy(() -> RevocationLists.parse("no list".getBytes(java.nio.charset.StandardCharsets.US_ASCII))).isInstanceOf(IOException.class);
    }
}
