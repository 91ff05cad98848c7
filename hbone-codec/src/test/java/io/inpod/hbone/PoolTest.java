package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.server.HboneServer;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PoolTest {
    @Test
    void concurrentRequestsShareOneAttemptAndThePeersLimitIsKept() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneServer server = new HboneServer(mesh.ca, HboneOptions.server().withMaxConcurrentStreams(4), HboneEvents.NONE);
            var address = mesh.serve(server, Mesh.echo());
            HbonePool pool = mesh.pool();
            List<Future<TunnelChannel>> all = mesh.onClient(() -> {
                List<Future<TunnelChannel>> futures = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    futures.add(pool.open(Mesh.to(address), new ConnectRequest(Mesh.APP, List.of()), new Recorder()));
                }
                return futures;
            });
            for (Future<TunnelChannel> f : all) {
                assertThat(f.get(Mesh.PATIENCE, TimeUnit.SECONDS).isActive()).isTrue();
            }
            assertThat(mesh.onClient(pool::connections)).isEqualTo(3);
        }
    }

    @Test
    void waitersShareTheFailure() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.listen(new ChannelInboundHandlerAdapter() {
                @Override
                public boolean isSharable() {
                    return true;
                }

                @Override
                public void channelActive(io.netty.channel.ChannelHandlerContext ctx) {
                    ctx.close();
                }
            });
            HbonePool pool = mesh.pool();
            List<Future<TunnelChannel>> all = mesh.onClient(() -> List.of(
                    pool.open(Mesh.to(address), new ConnectRequest(Mesh.APP, List.of()), new Recorder()),
                    pool.open(Mesh.to(address), new ConnectRequest(Mesh.APP, List.of()), new Recorder())));
            for (Future<TunnelChannel> f : all) {
                assertThat(f.await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
                assertThat(f.cause()).isInstanceOf(IOException.class).hasMessageContaining("127.0.0.1:" + address.getPort()).hasMessageNotContaining("/");
            }
            assertThat(mesh.clientConnections).hasSize(1);
        }
    }

    @Test
    void aRefusedPortIsNamed() throws Exception {
        try (Mesh mesh = new Mesh()) {
            InetSocketAddress nobody = new InetSocketAddress("127.0.0.1", 1);
            assertThatThrownBy(() -> mesh.open(mesh.pool(), nobody)).hasMessageContaining("Connection refused").hasMessageContaining("127.0.0.1:1");
        }
    }

    @Test
    void aRefusalCarriesItsStatus() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(request -> request.refuse(401));
            HbonePool pool = mesh.pool();
            assertThatThrownBy(() -> mesh.open(pool, address)).hasCauseInstanceOf(TunnelRefusedException.class)
                    .satisfies(e -> assertThat(((TunnelRefusedException) e.getCause()).status()).isEqualTo(401));
            assertThat(mesh.onClient(pool::connections)).isEqualTo(1);
        }
    }

    @Test
    void aThrowingHandlerRefusesWith500() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(request -> {
                throw new IllegalStateException("broken");
            });
            assertThatThrownBy(() -> mesh.open(mesh.pool(), address)).hasMessageContaining("500");
            assertThat(mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS)).contains("broken");
        }
    }

    @Test
    void cancellingTakesTheRequestBack() throws Exception {
        try (Mesh mesh = new Mesh()) {
            CompletableFuture<TunnelRequest> asked = new CompletableFuture<>();
            var address = mesh.serve(asked::complete);
            Future<TunnelChannel> future = mesh.start(mesh.pool(), Mesh.to(address), new Recorder());
            TunnelRequest request = asked.get(Mesh.PATIENCE, TimeUnit.SECONDS);
            assertThat(request.peerIdentity()).isEqualTo(Mesh.CLIENT);
            assertThat(request.authority()).isEqualTo(Mesh.APP);
            future.cancel(false);
            assertThat(request.abandoned().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<Throwable> late = new CompletableFuture<>();
            request.connection().eventLoop().execute(() -> {
                try {
                    request.accept(List.of(), new Recorder());
                    late.complete(new AssertionError("accepted"));
                } catch (TunnelResetException e) {
                    late.complete(e);
                }
            });
            assertThat(late.get(Mesh.PATIENCE, TimeUnit.SECONDS)).isInstanceOf(TunnelResetException.class);
        }
    }

    @Test
    void anUnansweredRequestTimesOutAndIsTakenBack() throws Exception {
        try (Mesh mesh = new Mesh()) {
            CompletableFuture<TunnelRequest> asked = new CompletableFuture<>();
            var address = mesh.serve(asked::complete);
            Duration ten = Duration.ofSeconds(10);
            HbonePool pool = mesh.pool(HboneOptions.client().withTimeouts(ten, ten, Duration.ofMillis(200)));
            assertThatThrownBy(() -> mesh.open(pool, address)).hasMessageContaining("no answer to CONNECT within PT0.2S");
            assertThat(asked.get().abandoned().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aSilentPeerIsGivenUp() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.listen(new ChannelInboundHandlerAdapter() {
                @Override
                public boolean isSharable() {
                    return true;
                }
            });
            Duration ten = Duration.ofSeconds(10);
            HbonePool pool = mesh.pool(HboneOptions.client().withTimeouts(Duration.ofMillis(200), ten, ten));
            assertThatThrownBy(() -> mesh.open(pool, address)).hasMessageContaining("handshake timed out");
        }
    }

    @Test
    void drainLetsTunnelsFinishAndSendsNewOnesElsewhere() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool();
            Recorder old = mesh.open(pool, address);
            var draining = mesh.accepted.iterator().next();
            HboneServer.drain(draining, Duration.ofSeconds(30));
            Recorder fresh = mesh.open(pool, address);
            while (fresh.channel().parent() == old.channel().parent()) {
                // GOAWAY may not have arrived yet.
                fresh = mesh.open(pool, address);
            }
            old.write("still works");
            assertThat(old.next()).isEqualTo("still works");
            assertThat(draining.isActive()).isTrue();
        }
    }

    @Test
    void drainResetsAtTheDeadline() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            Recorder tunnel = mesh.open(mesh.pool(), address);
            HboneServer.drain(mesh.accepted.iterator().next(), Duration.ofMillis(50));
            assertThat(tunnel.next()).startsWith("reset: ");
            assertThat(tunnel.next()).isEqualTo("inactive");
        }
    }

    @Test
    void anIdleConnectionIsClosedAndALostOneNoticed() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool(HboneOptions.client().withKeepAlive(Duration.ofMillis(30), Duration.ofSeconds(5), Duration.ofMillis(60)));
            Recorder tunnel = mesh.open(pool, address);
            tunnel.channel().shutdownOutput();
            assertThat(tunnel.channel().parent().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void anUnansweredPingEndsTheConnection() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool =
                    mesh.pool(HboneOptions.client().withKeepAlive(Duration.ofMillis(30), Duration.ofMillis(300), Duration.ofSeconds(60)));
            Recorder tunnel = mesh.open(pool, address);
            mesh.accepted.iterator().next().config().setAutoRead(false);
            assertThat(tunnel.next()).contains("no answer to PING within 300 ms");
        }
    }
}
