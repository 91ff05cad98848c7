package io.inpod.hbone.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.connection.ClientConnection;
import io.inpod.hbone.internal.connection.Fuzz;
import io.inpod.hbone.internal.connection.FuzzInput;
import io.inpod.hbone.internal.connection.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Whatever a server sends, the client continues or sends GOAWAY; requests end, tunnels close with their connection, nothing leaks. */
class ClientFuzzTest {
    private static final SpiffeId US = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/us");
    private static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/peer");
    private static final ConnectRequest REQUEST = new ConnectRequest(Authority.parse("10.0.0.1:80"), List.of());
    private static final int TUNNELS = 8;

    @Test
    void aClientConnection() {
        Map<String, Integer> outcomes = new TreeMap<>();
        int[] opened = {0};
        int runs = Fuzz.run(input -> {
            Run run = new Run(input);
            run.play(input.serverBytes());
            outcomes.merge(run.end, 1, Integer::sum);
            opened[0] += run.tunnels.isEmpty() ? 0 : 1;
        });
        assertThat(outcomes.keySet()).as(runs + " runs: " + outcomes).allMatch(o -> o.equals("survived")
                || o.matches("(PROTOCOL|FLOW_CONTROL|FRAME_SIZE|COMPRESSION)_ERROR|ENHANCE_YOUR_CALM|STREAM_CLOSED"));
        if (runs > 1000) {
            assertThat(outcomes.size()).as("no kind of end is out of reach: " + outcomes).isGreaterThan(4);
            assertThat(opened[0]).as("runs that get as far as a tunnel, of " + runs).isGreaterThan(runs / 8);
        }
    }

    private static final class Run implements ClientConnection.Listener {
        final List<TunnelChannel> tunnels = new ArrayList<>();
        String end = "survived";
        private final FuzzInput input;
        private final List<Promise<TunnelChannel>> promises = new ArrayList<>();
        private final ClientConnection connection;
        private final EmbeddedChannel channel;
        private final PoolEntry elsewhere;

        Run(FuzzInput input) {
            this.input = input;
            HboneEvents events = new HboneEvents() {
                @Override
                public void connectionFailed(Channel failed, String reason) {
                    end = reason.replaceAll(": .*", "");
                }
            };
            connection = new ClientConnection(PEER, HboneOptions.client(), events, this);
            channel = new EmbeddedChannel();
            HboneDestination destination = new HboneDestination(US, PEER, new InetSocketAddress("127.0.0.1", 1));
            // A retried request finds no other connection.
            elsewhere = new PoolEntry(destination, channel.eventLoop(), (loop, to, initializer) -> {
                throw new IllegalStateException("no connection");
            }, to -> CompletableFuture.failedFuture(new IOException("nobody there")), HboneOptions.client(), HboneEvents.NONE, () -> { });
            channel.pipeline().addLast(connection);
        }

        @Override
        public void connected(ClientConnection made) {
            HboneDestination destination = new HboneDestination(US, PEER, new InetSocketAddress("127.0.0.1", 1));
            while (promises.size() < TUNNELS && made.capacity() > 0) {
                Promise<TunnelChannel> promise = channel.eventLoop().newPromise();
                promises.add(promise);
                promise.addListener(f -> {
                    if (f.isSuccess()) {
                        use(promise.getNow());
                    }
                });
                new Opening(elsewhere, destination, REQUEST, new FuzzTest.Echo(), promise).send(made);
                if (input.random.nextInt(12) == 0) {
                    promise.cancel(false);
                }
            }
        }

        private void use(TunnelChannel tunnel) {
            tunnels.add(tunnel);
            switch (input.random.nextInt(6)) {
                case 0 -> tunnel.config().setAutoRead(false);
                case 1 -> tunnel.close();
                case 2 -> tunnel.shutdownOutput();
                case 3 -> tunnel.shutdownInput();
                default -> tunnel.writeAndFlush(Unpooled.wrappedBuffer(new byte[input.random.nextInt(100_000)]));
            }
        }

        @Override
        public void gone(ClientConnection lost, String reason) {
            assertThat(reason).isNotBlank();
        }

        @Override
        public void capacityChanged(ClientConnection changed) { }

        void play(byte[] bytes) {
            List<ByteBuf> pieces = new ArrayList<>();
            for (int at = 0; at < bytes.length && channel.isOpen();) {
                // Only SETTINGS, because a server sends nothing else before the first request.
                int most = at == 0 ? 9 + (bytes[2] & 0xff) : 1 + input.random.nextInt(input.random.nextBoolean() ? 20 : 5000);
                int n = Math.min(bytes.length - at, most);
                pieces.add(channel.alloc().directBuffer(n).writeBytes(bytes, at, n));
                channel.writeInbound(pieces.get(pieces.size() - 1));
                channel.runPendingTasks();
                at += n;
                FuzzTest.drain(channel);
            }
            channel.finishAndReleaseAll();
            channel.runPendingTasks();
            channel.checkException();
            FuzzTest.drain(channel);
            // A tunnel that ended before its connection keeps unread input, as a socket does.
            tunnels.stream().filter(tunnel -> !tunnel.config().isAutoRead()).forEach(Channel::close);
            assertThat(pieces).as("released").allMatch(piece -> piece.refCnt() == 0);
            assertThat(promises).as("each request has ended").allMatch(Promise::isDone)
                    .allMatch(p -> p.isSuccess() || p.isCancelled() || p.cause() instanceof IOException);
            assertThat(tunnels).as("each tunnel has closed").noneMatch(Channel::isOpen);
            assertThat(connection.tunnels()).isZero();
        }
    }
}
