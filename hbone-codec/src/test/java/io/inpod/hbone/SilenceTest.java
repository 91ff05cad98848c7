package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** New tunnels don't hang on a connection whose peer has vanished silently. */
@Timeout(60)
class SilenceTest {
    private static final Duration SHORT = Duration.ofMillis(500);
    private static final Duration LONG = Duration.ofMinutes(5);

    private static HbonePool pool(Mesh mesh) {
        return mesh.pool(HboneOptions.client().with(HboneTimes.client().withPing(LONG, LONG).withSilence(SHORT)));
    }

    /**
     * The request that detects the silence is retried on another connection, and later ones use that immediately. Established tunnels stay
     * until the PING's deadline.
     */
    @Test
    void newTunnelsGoElsewhere() throws Exception {
        try (Mesh mesh = new Mesh(); TcpTap network = new TcpTap(mesh.serve(Mesh.echo()))) {
            HbonePool pool = pool(mesh);
            Recorder old = mesh.open(pool, network.address());
            old.write("heard");
            assertThat(old.next()).isEqualTo("heard");
            TcpTap.Connection frozen = network.connections.get(0);
            frozen.freeze();
            Recorder first = mesh.open(pool, network.address());
            Recorder second = mesh.open(pool, network.address());
            assertThat(first.channel().parent()).isNotSameAs(old.channel().parent());
            assertThat(second.channel().parent()).isSameAs(first.channel().parent());
            old.write("unheard");
            assertThat(old.channel().isActive()).isTrue();
            assertThat(mesh.onClient(pool::connections)).isEqualTo(2);
            // The peer was only delayed.
            frozen.thaw();
            assertThat(old.next()).isEqualTo("unheard");
            Recorder third = mesh.open(pool, network.address());
            assertThat(third.channel().parent()).as("the least loaded one").isSameAs(old.channel().parent());
        }
    }

    /** A silent connection without tunnels is closed, because it couldn't be used anyway. */
    @Test
    void aSilentConnectionWithoutTunnelsIsClosed() throws Exception {
        try (Mesh mesh = new Mesh(); TcpTap network = new TcpTap(mesh.serve(Mesh.echo()))) {
            HbonePool pool = pool(mesh);
            Recorder old = mesh.open(pool, network.address());
            Channel connection = old.channel().parent();
            old.channel().close().sync();
            network.connections.get(0).freeze();
            Recorder fresh = mesh.open(pool, network.address());
            assertThat(connection.closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
            fresh.write("hello");
            assertThat(fresh.next()).isEqualTo("hello");
        }
    }

    /** A request to a slow peer isn't sent twice, because the peer answers PINGs in the meantime. */
    @Test
    void aSlowAnswerIsNoSilence() throws Exception {
        try (Mesh mesh = new Mesh()) {
            LinkedBlockingQueue<TunnelRequest> asked = new LinkedBlockingQueue<>();
            var address = mesh.serve(request -> {
                asked.add(request);
                request.connection().eventLoop().schedule(() -> request.accept(List.of(), new Mesh.Echo()), 6 * SHORT.toMillis(), TimeUnit.MILLISECONDS);
            });
            HbonePool pool = pool(mesh);
            Recorder tunnel = mesh.open(pool, address);
            tunnel.write("hello");
            assertThat(tunnel.next()).isEqualTo("hello");
            assertThat(asked).hasSize(1);
        }
    }
}
