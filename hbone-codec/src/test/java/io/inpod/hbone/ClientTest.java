package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ClientTest {
    @Test
    void anyThreadMayConnectAndEachLoopHasItsPool() throws Exception {
        var group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
        try (Mesh mesh = new Mesh()) {
            HboneClient client = new HboneClient(group, mesh.ca, Connector.of(EpollSocketChannel::new));
            var address = mesh.serve(Mesh.echo());
            var peer = new HboneDestination(Mesh.CLIENT, Mesh.SERVER, address);
            List<Recorder> recorders = IntStream.range(0, 6).mapToObj(i -> new Recorder()).toList();
            List<Future<TunnelChannel>> tunnels = recorders.stream().map(r -> client.connect(peer, Mesh.APP, List.of(), r)).toList();
            for (int i = 0; i < 6; i++) {
                tunnels.get(i).get(Mesh.PATIENCE, TimeUnit.SECONDS);
                recorders.get(i).write("hello " + i);
                assertThat(recorders.get(i).next()).isEqualTo("hello " + i);
            }
            Set<Object> parents = tunnels.stream().map(t -> t.getNow().parent()).collect(Collectors.toSet());
            assertThat(parents).as("one connection per loop").hasSize(2);
            // A call from one of the client's loops stays on that loop.
            TunnelChannel first = tunnels.get(0).getNow();
            TunnelChannel second = first.eventLoop().submit(() -> client.connect(peer, Mesh.APP, List.of(), new Recorder())).get().get();
            assertThat(second.parent()).isSameAs(first.parent());
            client.close();
            for (Recorder r : recorders) {
                assertThat(r.next()).startsWith("reset: ");
            }
            assertThatThrownBy(() -> client.connect(peer, Mesh.APP, List.of()).get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("closed");
        } finally {
            group.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    @Test
    void withoutHandlerNothingIsReadUntilAsked() throws Exception {
        try (Mesh mesh = new Mesh(); HboneClient client = new HboneClient(mesh.clientLoops, mesh.ca, Connector.of(EpollSocketChannel::new))) {
            Recorder server = new Recorder();
            var address = mesh.serve(request -> {
                Mesh.accept(request, server);
                server.write("early");
            });
            TunnelChannel tunnel = client.connect(new HboneDestination(Mesh.CLIENT, Mesh.SERVER, address), Mesh.APP, List.of())
                    .get(Mesh.PATIENCE, TimeUnit.SECONDS);
            tunnel.writeAndFlush(io.netty.buffer.Unpooled.copiedBuffer("late", java.nio.charset.StandardCharsets.US_ASCII));
            assertThat(server.next()).isEqualTo("late");
            Recorder reader = new Recorder();
            tunnel.pipeline().addLast(reader);
            assertThat(reader.next()).as("the recorder turned auto-read on").isEqualTo("early");
            client.drain();
            tunnel.shutdownOutput();
            assertThat(server.next()).isEqualTo("EOF");
        }
    }

    @Test
    void cancellingTakesTheRequestBack() throws Exception {
        try (Mesh mesh = new Mesh(); HboneClient client = new HboneClient(mesh.clientLoops, mesh.ca, Connector.of(EpollSocketChannel::new))) {
            CompletableFuture<TunnelRequest> asked = new CompletableFuture<>();
            var address = mesh.serve(asked::complete);
            Future<TunnelChannel> future = client.connect(new HboneDestination(Mesh.CLIENT, Mesh.SERVER, address), Mesh.APP, List.of());
            TunnelRequest request = asked.get(Mesh.PATIENCE, TimeUnit.SECONDS);
            future.cancel(false);
            assertThat(request.abandoned().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void theLabelKeepsConnectionsApart() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool();
            for (Object label : new Object[] {"a", "b", "a"}) {
                mesh.start(pool, new HboneDestination(Mesh.CLIENT, Set.of(Mesh.SERVER), address, null, label), new Recorder())
                        .get(Mesh.PATIENCE, TimeUnit.SECONDS);
            }
            assertThat(mesh.onClient(pool::connections)).isEqualTo(2);
        }
    }
}
