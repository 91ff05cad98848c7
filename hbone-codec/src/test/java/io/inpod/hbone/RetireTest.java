package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.InMemoryCertificates;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.HboneServer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections whose keys are compromised end on demand, and no others. */
@Timeout(60)
class RetireTest {
    private static final SpiffeId OTHER = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/other");
    private static final Duration LONG = Duration.ofHours(1);
    private Mesh mesh;
    private HboneServer server;
    private InetSocketAddress address;

    @BeforeEach
    void open() throws Exception {
        mesh = new Mesh();
        server = new HboneServer(mesh.ca);
        address = mesh.serve(server, Mesh.echo());
    }

    @AfterEach
    void close() throws IOException {
        mesh.close();
    }

    private Recorder tunnel(HbonePool pool, SpiffeId source) throws Exception {
        Recorder recorder = new Recorder();
        mesh.start(pool, new HboneDestination(source, Set.of(Mesh.SERVER), address, null), recorder).get(Mesh.PATIENCE, TimeUnit.SECONDS);
        return recorder;
    }

    private static void echoes(Recorder tunnel) throws InterruptedException {
        tunnel.write("hello");
        tunnel.expect("hello");
    }

    private static <T> T get(CompletionStage<T> result) throws Exception {
        return result.toCompletableFuture().get(Mesh.PATIENCE, TimeUnit.SECONDS);
    }

    @Test
    void aPoolResetsTheTunnelsOfAnIdentityNow() throws Exception {
        HbonePool pool = mesh.pool();
        Recorder compromised = tunnel(pool, Mesh.CLIENT);
        Recorder other = tunnel(pool, OTHER);
        assertThat(mesh.onClient(() -> pool.retire(connection -> connection.involves(Mesh.CLIENT), Duration.ZERO))).isEqualTo(1);
        assertThat(compromised.next()).startsWith("reset: ");
        echoes(other);
        Recorder again = tunnel(pool, Mesh.CLIENT);
        echoes(again);
        assertThat(again.channel().parent()).isNotSameAs(compromised.channel().parent());
    }

    @Test
    void aClientLetsTunnelsEndIfThereIsTime() throws Exception {
        try (HboneClient client = new HboneClient(mesh.clientLoops, mesh.ca, Connector.of(EpollSocketChannel::new))) {
            HboneDestination peer = new HboneDestination(Mesh.CLIENT, Mesh.SERVER, address);
            Recorder old = new Recorder();
            client.connect(peer, Mesh.APP, List.of(), old).get(Mesh.PATIENCE, TimeUnit.SECONDS);
            assertThat(get(client.retire(connection -> true, LONG))).isEqualTo(1);
            Recorder fresh = new Recorder();
            client.connect(peer, Mesh.APP, List.of(), fresh).get(Mesh.PATIENCE, TimeUnit.SECONDS);
            assertThat(fresh.channel().parent()).isNotSameAs(old.channel().parent());
            echoes(old);
            old.channel().shutdownOutput();
            old.expect("EOF", "EOF-complete", "inactive");
            assertThat(old.channel().parent().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
            echoes(fresh);
        }
    }

    @Test
    void aServerRetiresByTheSerialOfACertificate() throws Exception {
        InMemoryCertificates two = new InMemoryCertificates();
        WorkloadCertificate stolen = mesh.ca.certificate(Mesh.CLIENT);
        two.put(stolen);
        two.put(mesh.ca.certificate(OTHER));
        HbonePool pool = mesh.pool(two, HboneOptions.client());
        Recorder compromised = tunnel(pool, Mesh.CLIENT);
        Recorder other = tunnel(pool, OTHER);
        BigInteger serial = stolen.chain().get(0).getSerialNumber();
        assertThat(get(server.retire(connection -> connection.peerSerial().equals(serial) && connection.involves(serial), Duration.ZERO))).isEqualTo(1);
        assertThat(compromised.next()).startsWith("reset: ");
        echoes(other);
        BigInteger ours = mesh.ca.certificate(Mesh.SERVER).chain().get(0).getSerialNumber();
        assertThat(get(server.retire(connection -> connection.localSerial().equals(ours), LONG))).isEqualTo(1);
        echoes(other);
        tunnel(pool, OTHER);
        other.channel().shutdownOutput();
        other.expect("EOF", "EOF-complete", "inactive");
        assertThat(other.channel().parent().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whatIsBeingOpenedIsOpenedAgain() throws Exception {
        LinkedBlockingQueue<CompletableFuture<WorkloadCertificate>> requests = new LinkedBlockingQueue<>();
        CertificateSource slow = new CertificateSource() {
            @Override
            public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
                throw new IOException("later");
            }

            @Override
            public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
                CompletableFuture<WorkloadCertificate> request = new CompletableFuture<>();
                requests.add(request);
                return request;
            }
        };
        HbonePool pool = mesh.pool(slow, HboneOptions.client());
        Recorder recorder = new Recorder();
        Future<TunnelChannel> tunnel = mesh.start(pool, Mesh.to(address), recorder);
        CompletableFuture<WorkloadCertificate> first = requests.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        assertThat(mesh.onClient(() -> pool.retire(connection -> true, Duration.ZERO))).as("none is established").isZero();
        CompletableFuture<WorkloadCertificate> second = requests.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        first.complete(mesh.ca.certificate(OTHER)); // would fail, but isn't used any more
        second.complete(mesh.ca.certificate(Mesh.CLIENT));
        tunnel.get(Mesh.PATIENCE, TimeUnit.SECONDS);
        echoes(recorder);
    }

    @Test
    void aServerClosesWhatIsInItsHandshake() throws Exception {
        try (Socket silent = App.connect(address)) {
            while (mesh.accepted.isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(get(server.retire(connection -> false, LONG))).isEqualTo(1);
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void badInputIsNamed() throws Exception {
        assertThatIllegalArgumentException().isThrownBy(() -> server.retire(connection -> true, Duration.ofNanos(-1)))
                .withMessageStartingWith("deadline must be PT0S to ");
        HbonePool pool = mesh.pool();
        tunnel(pool, Mesh.CLIENT);
        assertThatThrownBy(() -> get(server.retire(connection -> {
            throw new IllegalStateException("the caller's");
        }, LONG))).hasRootCauseMessage("the caller's");
        assertThat(get(new HboneServer(mesh.ca).retire(connection -> true, LONG))).isZero();
    }
}
