package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.server.HboneServer;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The queue of a pool: bounded in length and in time. */
@Timeout(60)
class PoolLimitsTest {
    private static final class Silent extends ChannelInboundHandlerAdapter {
        @Override
        public boolean isSharable() {
            return true;
        }
    }

    @Test
    void theQueueIsBounded() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.listen(new Silent());
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneLimits.client().withMaxQueued(3)));
            List<Future<TunnelChannel>> all = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                all.add(mesh.start(pool, Mesh.to(address), new Recorder()));
            }
            assertThatThrownBy(() -> all.get(3).get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("too many requests (3) wait");
            assertThatThrownBy(() -> all.get(4).get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("too many requests (3) wait");
            assertThat(all.get(0).isDone()).isFalse();
            // A cancelled one makes room.
            all.get(1).cancel(false);
            mesh.onClient(() -> null);
            assertThat(mesh.start(pool, Mesh.to(address), new Recorder()).isDone()).isFalse();
        }
    }

    @Test
    void theWaitIsBounded() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.listen(new Silent());
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneTimes.client().withQueue(Duration.ofMillis(200))));
            assertThatThrownBy(() -> mesh.open(pool, address)).isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("no connection within PT0.2S").hasMessageContaining(Mesh.APP.toString());
        }
    }

    /** Both sides reset a request that is refused, which is no flood. */
    @Test
    void refusedRequestsLeaveTheConnectionAndItsTunnels() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneServer server = new HboneServer(mesh.ca, HboneOptions.server().with(HboneLimits.server().withResets(5)), HboneEvents.NONE);
            var address = mesh.serve(server, request -> {
                if (!request.authority().equals(Mesh.APP)) {
                    request.refuse(503);
                    return;
                }
                try {
                    request.accept(List.of(), new Mesh.Echo());
                } catch (TunnelResetException e) {
                    throw new IllegalStateException(e);
                }
            });
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneLimits.client().withResets(5)));
            TunnelChannel tunnel = mesh.start(pool, Mesh.to(address), new Recorder()).get(Mesh.PATIENCE, TimeUnit.SECONDS);
            for (int i = 0; i < 20; i++) {
                List<Future<TunnelChannel>> refused = new ArrayList<>();
                for (int j = 0; j < 10; j++) {
                    ConnectRequest request = new ConnectRequest(Authority.parse("10.1.2.3:9"), List.of());
                    refused.add(mesh.onClient(() -> pool.open(Mesh.to(address), request, new Recorder())));
                }
                for (Future<TunnelChannel> one : refused) {
                    assertThatThrownBy(() -> one.get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("refused with status 503");
                }
            }
            assertThat(tunnel.isActive()).isTrue();
            assertThat(mesh.onClient(pool::connections)).isEqualTo(1);
        }
    }

    /** Requests that cross the server's GOAWAY are served by the old connection or by a new one; none fails and none hangs. */
    @Test
    void aDrainingServerLosesNoRequest() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(new HboneServer(mesh.ca, HboneOptions.server(), HboneEvents.NONE), request -> Mesh.accept(request, new Mesh.Echo()));
            HbonePool pool = mesh.pool();
            Recorder first = mesh.open(pool, address);
            var draining = mesh.accepted.iterator().next();
            List<Future<TunnelChannel>> all = mesh.onClient(() -> {
                HboneServer.drain(draining, Duration.ofSeconds(30));
                List<Future<TunnelChannel>> futures = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    futures.add(pool.open(Mesh.to(address), new ConnectRequest(Mesh.APP, List.of()), new Recorder()));
                }
                return futures;
            });
            for (Future<TunnelChannel> f : all) {
                assertThat(f.get(Mesh.PATIENCE, TimeUnit.SECONDS).isActive()).isTrue();
            }
            first.write("still works");
            assertThat(first.next()).isEqualTo("still works");
        }
    }

    @Test
    void streamsAreSpreadByLoad() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool(HboneOptions.client().withMaxConcurrentStreams(4));
            List<Recorder> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(mesh.open(pool, address));
            }
            assertThat(mesh.onClient(pool::connections)).isEqualTo(2);
            // Three of the first connection's four end: the next ones go there.
            var busy = all.get(4).channel().parent();
            for (int i = 0; i < 3; i++) {
                all.get(i).channel().close().sync();
            }
            all.get(4).channel().close().sync();
            assertThat(mesh.open(pool, address).channel().parent()).isNotSameAs(busy);
            assertThat(mesh.open(pool, address).channel().parent()).isNotSameAs(busy);
        }
    }
}
