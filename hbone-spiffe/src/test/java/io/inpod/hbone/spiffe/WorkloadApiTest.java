package io.inpod.hbone.spiffe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.HboneServer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkloadApiTest {
    private static final SpiffeId WEB = SpiffeId.parseAnyPath("spiffe://cluster.local/region/eu/web");
    private static final SpiffeId DB = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/db");
    private static final SpiffeId FOREIGN = SpiffeId.parse("spiffe://other.example/ns/a/sa/client");
    private static final long SOON = 1_000_000; // nanoseconds
    @TempDir Path directory;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final LinkedBlockingQueue<IOException> problems = new LinkedBlockingQueue<>();
    private DevelopmentCa ca;
    private Path socket;

    @BeforeEach
    void create() throws IOException {
        ca = DevelopmentCa.open(directory.resolve("ca"));
        socket = directory.resolve("agent.sock");
    }

    @AfterEach
    void stop() throws InterruptedException {
        loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
    }

    private WorkloadApiCertificates open() {
        return open(Clock.systemUTC());
    }

    private WorkloadApiCertificates open(Clock clock) {
        return WorkloadApiCertificates.open(loops, "unix://" + socket, problems::add, clock, SOON);
    }

    private static <T> T get(CompletionStage<T> result) throws Exception {
        return result.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private String problem() throws InterruptedException {
        IOException problem = problems.poll(20, TimeUnit.SECONDS);
        return problem == null ? "(nothing)" : problem.getMessage();
    }

    /** Waits for a problem, past those of attempts while the agent was away. */
    private void expectProblem(String text) throws InterruptedException {
        String problem = problem();
        while (!problem.contains(text)) {
            assertThat(problem).contains("UNAVAILABLE");
            problem = problem();
        }
    }

    private byte[] both() throws Exception {
        return new Message().svid(ca.certificate(WEB)).svid(ca.certificate(DB)).toBytes();
    }

    @Test
    void everyAnswerReplacesTheOneBefore() throws Exception {
        try (TestAgent agent = new TestAgent(loops, socket); WorkloadApiCertificates certificates = open()) {
            CompletionStage<SpiffeId> identity = certificates.identity();
            assertThat(certificates.identities()).isEmpty();
            assertThatThrownBy(() -> certificates.certificate(WEB)).isInstanceOf(IOException.class).hasMessageContaining("hasn't answered yet");
            StreamObserver<byte[]> call = agent.accept();
            call.onNext(both());
            assertThat(get(identity)).isEqualTo(WEB);
            assertThat(certificates.identities()).containsExactly(WEB, DB);
            WorkloadCertificate web = certificates.certificate(WEB);
            assertThat(web.chain()).isEqualTo(ca.certificate(WEB).chain());
            assertThat(web.trustAnchors()).isEqualTo(ca.certificate(WEB).trustAnchors());
            assertThatThrownBy(() -> certificates.certificate(FOREIGN)).hasMessageContaining("grants [" + WEB + ", " + DB + "], not " + FOREIGN);

            Path elsewhere = directory.resolve("other");
            DevelopmentCa fresh = DevelopmentCa.open(elsewhere);
            // of several SVIDs of one identity, the first counts
            call.onNext(new Message().svid(ca.certificate(WEB)).svid(fresh.certificate(WEB)).svid(fresh.certificate(DB)).toBytes());
            while (certificates.certificate(DB).chain().equals(ca.certificate(DB).chain())) {
                Thread.onSpinWait();
            }
            assertThat(certificates.certificate(WEB)).as("unchanged").isSameAs(web);

            call.onNext(new Message().svid(ca.certificate(DB)).toBytes());
            while (certificates.identities().contains(WEB)) {
                Thread.onSpinWait();
            }
            assertThatThrownBy(() -> get(certificates.request(WEB))).hasMessageContaining("grants [" + DB + "]");
            assertThat(problems).isEmpty();
        }
    }

    @Test
    void anAgentMayComeLaterAndGoAway() throws Exception {
        try (WorkloadApiCertificates certificates = open()) {
            CompletionStage<SpiffeId> early = certificates.identity();
            assertThat(problem()).startsWith("unix://" + socket + " has ended the call with UNAVAILABLE");
            assertThatThrownBy(() -> get(early)).hasRootCauseInstanceOf(IOException.class).hasMessageContaining("UNAVAILABLE");
            assertThatThrownBy(() -> certificates.certificate(WEB)).hasMessageContaining("UNAVAILABLE");
            try (TestAgent agent = new TestAgent(loops, socket)) {
                agent.accept().onNext(both());
                while (certificates.identities().isEmpty()) {
                    Thread.onSpinWait();
                }
            }
            expectProblem("UNAVAILABLE");
            assertThat(get(certificates.request(WEB))).as("in force without an agent").isEqualTo(certificates.certificate(WEB));
            Files.deleteIfExists(socket);
            try (TestAgent agent = new TestAgent(loops, socket)) {
                StreamObserver<byte[]> call = agent.accept();
                call.onNext(new Message().svid(ca.certificate(DB)).toBytes());
                while (certificates.identities().contains(WEB)) {
                    Thread.onSpinWait();
                }
                problems.clear();
                call.onError(Status.PERMISSION_DENIED.withDescription("no identity issued").asRuntimeException());
                expectProblem("PERMISSION_DENIED: no identity issued");
                agent.accept().onError(Status.INVALID_ARGUMENT.asRuntimeException());
                expectProblem("it isn't asked again");
            }
        }
    }

    @Test
    void whatCantBeUsedReplacesNothing() throws Exception {
        try (TestAgent agent = new TestAgent(loops, socket); WorkloadApiCertificates certificates = open()) {
            StreamObserver<byte[]> call = agent.accept();
            call.onNext(both());
            WorkloadCertificate web = get(certificates.request(WEB));
            WorkloadCertificate db = ca.certificate(DB);
            refused(call, new byte[] {1}, "rotocol message");
            refused(call, new byte[0], "no SVID");
            refused(call, new Message().svid("spiffe://cluster.local/", db).toBytes(), "no workload");
            refused(call, new Message().svid(WEB.toString(), db).toBytes(), "an SVID of " + DB + " and called it " + WEB);
            refused(call, new Message().svid(new WorkloadCertificate(web.privateKey(), db.chain(), db.trustAnchors())).toBytes(), "key doesn't belong");
            refused(call, new Message().bytes(1, new Message().text(1, DB.toString()).toBytes()).toBytes(), "the SVID of " + DB + " without a certificate");
            refused(call, new Message().svid(db).bundle("spiffe://Other", db.trustAnchors()).toBytes(), "no trust domain");
            refused(call, new Message().svid(db).bundle("spiffe://other.example", List.of()).toBytes(), "without a certificate");
            refused(call, new Message().svid(db).bytes(2, new byte[] {1, 2, 3}).toBytes(), "revocation list");
            assertThat(certificates.certificate(WEB)).isSameAs(web);
        }
    }

    private void refused(StreamObserver<byte[]> call, byte[] answer, String why) throws InterruptedException {
        call.onNext(answer);
        assertThat(problem()).startsWith("unix://" + socket + ": ").contains(why);
    }

    @Test
    void expiredCertificatesAreNotHandedOut() throws Exception {
        Clock tomorrow = Clock.offset(Clock.systemUTC(), Duration.ofDays(2));
        try (TestAgent agent = new TestAgent(loops, socket); WorkloadApiCertificates certificates = open(tomorrow)) {
            agent.accept().onNext(both());
            Instant until = ca.certificate(WEB).validUntil();
            assertThatThrownBy(() -> get(certificates.request(WEB))).hasMessageContaining("has expired at " + until);
        }
    }

    /** A tunnel between two trust domains, each with its own agent. */
    @Test
    void tunnelsBetweenFederatedDomains() throws Exception {
        DevelopmentCa other = DevelopmentCa.open(directory.resolve("other"));
        Path otherSocket = directory.resolve("other.sock");
        try (TestAgent agent = new TestAgent(loops, socket); TestAgent otherAgent = new TestAgent(loops, otherSocket);
                WorkloadApiCertificates ours = open();
                WorkloadApiCertificates theirs = WorkloadApiCertificates.open(loops, "unix:" + otherSocket, problems::add);
                HboneClient client = new HboneClient(loops, theirs, Connector.of(EpollSocketChannel::new))) {
            StreamObserver<byte[]> call = agent.accept();
            call.onNext(both());
            otherAgent.accept().onNext(new Message().svid(other.certificate(FOREIGN)).bundle("spiffe://cluster.local", ca.certificate(WEB).trustAnchors())
                    .toBytes());
            Channel listener = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class)
                    .childHandler(new HboneServer(ours).handler(WEB, Set.of(FOREIGN), request -> request.refuse(418)))
                    .bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
            HboneDestination peer = new HboneDestination(FOREIGN, WEB, (InetSocketAddress) listener.localAddress());
            Future<TunnelChannel> tooEarly = client.connect(peer, Authority.parse("app:1"), List.of(), new ChannelInboundHandlerAdapter());
            assertThatThrownBy(() -> tooEarly.get(20, TimeUnit.SECONDS)).as("no bundle of other.example").hasMessageNotContaining("418");

            call.onNext(new Message().svid(ca.certificate(WEB)).bundle("spiffe://other.example", other.certificate(FOREIGN).trustAnchors()).toBytes());
            while (!ours.certificate(WEB).federated().containsKey("other.example")) {
                Thread.onSpinWait();
            }
            Future<TunnelChannel> tunnel = client.connect(peer, Authority.parse("app:1"), List.of(), new ChannelInboundHandlerAdapter());
            assertThatThrownBy(() -> tunnel.get(20, TimeUnit.SECONDS)).hasMessageContaining("418");
            listener.close().sync();
        }
    }

    @Test
    void noThreadIsStarted() throws Exception {
        try (TestAgent agent = new TestAgent(loops, socket); WorkloadApiCertificates certificates = open()) {
            agent.accept().onNext(both());
            get(certificates.identity());
            assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.startsWith("grpc-")).collect(Collectors.toSet()))
                    .isEmpty();
        }
    }

    @Test
    void nothingIsAskedAfterTheEnd() throws Exception {
        WorkloadApiCertificates certificates = open();
        problem();
        certificates.close();
        certificates.close();
        assertThatThrownBy(() -> get(certificates.identity())).hasMessageContaining("is closed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/run/agent.sock", "unix:agent.sock", "unix://agent.sock", "tcp://127.0.0.1:8080", "unix:///a?b", "unix:////a"})
    void notEndpoints(String endpoint) {
        assertThatIllegalArgumentException().isThrownBy(() -> WorkloadApiCertificates.open(loops, endpoint, problems::add).close())
                .withMessage("endpoint must be unix:///absolute/path, without query or fragment: " + endpoint);
    }

    @Test
    void theEnvironmentNamesTheEndpoint() throws Exception {
        assertThat(WorkloadApiCertificates.defaultEndpoint(Map.of("SPIFFE_ENDPOINT_SOCKET", "unix:///run/x"))).isEqualTo("unix:///run/x");
        assertThatThrownBy(() -> WorkloadApiCertificates.defaultEndpoint(Map.of())).isInstanceOf(IOException.class).hasMessageContaining("SPIFFE_ENDPOINT_SOCKET");
    }

    /** The example of the documents. */
    @Test
    void example() throws Exception {
        try (TestAgent agent = new TestAgent(loops, socket)) {
            agent.answer = both();
            // hbone-spiffe/README.md, docs/hbone-codec.md: begin
            var certificates = WorkloadApiCertificates.open(loops, "unix:" + socket, problems::add);
            SpiffeId us = certificates.identity().toCompletableFuture().get(); // the agent's default
            var hbone = new HboneClient(loops, certificates, Connector.of(EpollSocketChannel::new));
            // hbone-spiffe/README.md, docs/hbone-codec.md: end
            assertThat(us).isEqualTo(WEB);
            hbone.close();
            certificates.close();
        }
    }
}
