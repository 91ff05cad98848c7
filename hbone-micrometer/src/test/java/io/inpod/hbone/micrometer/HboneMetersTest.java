package io.inpod.hbone.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HboneMetersTest {
    private static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    private static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");
    private final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    /** Meters are counted before the event is passed on. */
    private final HboneEvents log = new HboneEvents() {
        @Override
        public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
            events.add("tunnel");
        }

        @Override
        public void connectionClosed(Channel connection, String reason) {
            events.add("connection");
        }

        @Override
        public void handshakeFailed(Channel connection, String reason) {
            events.add("handshake");
        }
    };

    private void expect(String event, int times) throws InterruptedException {
        for (int i = 0; i < times; i++) {
            assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(event);
        }
    }

    private static double value(MeterRegistry registry, String name, String... tags) {
        return registry.get(name).tag("node", "node-1").tags(tags).meter().measure().iterator().next().getValue();
    }

    private static void accept(TunnelRequest request, ChannelHandler app) {
        try {
            request.accept(List.of(), app);
        } catch (TunnelResetException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Echoes, closes the tunnel, doesn't answer, or throws. */
    private static void serve(TunnelRequest request) {
        switch (request.authority().host()) {
            case "echo" -> accept(request, new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ctx.writeAndFlush(message);
                }
            });
            case "shut" -> accept(request, new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel tunnel) {
                    tunnel.close();
                }
            });
            case "silent" -> { }
            default -> throw new IllegalStateException("no such app");
        }
    }

    @Test
    void meters(@TempDir Path directory) throws Exception {
        MeterRegistry registry = new SimpleMeterRegistry();
        DevelopmentCa certificates = DevelopmentCa.open(directory.resolve("ca"));
        Connector connector = Connector.of(EpollSocketChannel::new);
        // hbone-micrometer/README.md: begin
        HboneEvents meters = new HboneMeters(registry, Tags.of("node", "node-1"), HboneEvents.NONE);
        var hbone = new HboneClient(loops, certificates, connector, HboneOptions.client(), meters);
        var server = new HboneServer(certificates, HboneOptions.server(), meters);
        // hbone-micrometer/README.md: end
        hbone.close();
        MeterRegistry second = new SimpleMeterRegistry();
        meters = new HboneMeters(registry, Tags.of("node", "node-1"), new HboneMeters(second, Tags.empty(), log));
        hbone = new HboneClient(loops, certificates, connector, HboneOptions.client(), meters);
        server = new HboneServer(certificates, HboneOptions.server().withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMillis(50)), meters);
        Channel listener = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class).childHandler(server.handler(SERVER, HboneMetersTest::serve))
                .bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        InetSocketAddress address = (InetSocketAddress) listener.localAddress();
        HboneDestination peer = new HboneDestination(CLIENT, SERVER, address);

        LinkedBlockingQueue<Integer> answers = new LinkedBlockingQueue<>();
        TunnelChannel tunnel = hbone.connect(peer, Authority.parse("echo:1"), List.of(), new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                answers.add(((ByteBuf) message).readableBytes());
                ((ByteBuf) message).release();
            }
        }).get(20, TimeUnit.SECONDS);
        tunnel.writeAndFlush(Unpooled.wrappedBuffer(new byte[1000])).sync();
        assertThat(answers.poll(20, TimeUnit.SECONDS)).isEqualTo(1000);
        for (String side : new String[] {"client", "server"}) {
            assertThat(value(registry, "hbone.connections.opened", "side", side)).isEqualTo(1);
        }
        tunnel.close().sync();
        expect("tunnel", 2);
        for (String side : new String[] {"client", "server"}) {
            assertThat(value(registry, "hbone.tunnels.received", "side", side)).isEqualTo(1000);
            assertThat(value(registry, "hbone.tunnels.sent", "side", side)).isEqualTo(1000);
            assertThat(registry.get("hbone.tunnels.duration").tag("side", side).timer().count()).isEqualTo(1);
        }
        assertThat(value(registry, "hbone.resets", "by", "us", "code", "cancel")).isPositive();
        assertThat(value(registry, "hbone.resets", "by", "peer", "code", "cancel")).isPositive();

        HboneClient client = hbone;
        client.connect(peer, Authority.parse("shut:1"), List.of());
        expect("tunnel", 2);
        for (String side : new String[] {"client", "server"}) {
            assertThat(value(registry, "hbone.tunnels", "side", side)).isZero();
            assertThat(registry.get("hbone.tunnels.duration").tag("side", side).timer().count()).isEqualTo(2);
        }
        assertThatThrownBy(() -> client.connect(peer, Authority.parse("silent:1"), List.of()).get(20, TimeUnit.SECONDS)).hasMessageContaining("504");
        assertThat(value(registry, "hbone.requests.expired")).isEqualTo(1);
        assertThatThrownBy(() -> client.connect(peer, Authority.parse("none:1"), List.of()).get(20, TimeUnit.SECONDS)).hasMessageContaining("500");
        assertThat(value(registry, "hbone.handlers.failed")).isEqualTo(1);
        assertThatThrownBy(() -> client.connect(new HboneDestination(CLIENT, CLIENT, address), Authority.parse("echo:1"), List.of()).get(20, TimeUnit.SECONDS))
                .hasMessageContaining("expected peer");
        expect("handshake", 2);
        assertThat(value(registry, "hbone.handshakes.failed")).isEqualTo(2);

        hbone.close();
        expect("connection", 2);
        assertThat(value(registry, "hbone.goaways", "by", "us", "code", "no_error")).isPositive();
        for (Meter meter : second.getMeters()) { // counts the same, but for time
            double value = meter.measure().iterator().next().getValue();
            Meter.Id id = meter.getId();
            assertThat(value(registry, id.getName(), id.getTags().stream().flatMap(t -> Stream.of(t.getKey(), t.getValue())).toArray(String[]::new)))
                    .as(id.toString()).isEqualTo(value);
        }
        listener.close().sync();
        loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
    }

    @Test
    void gaugesFollowWhatIsOpen() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        SideMeters side = new SideMeters(registry, Tags.of("side", "client"));
        side.connectionOpened();
        side.tunnelOpened();
        side.tunnelOpened();
        assertThat(registry.get("hbone.connections").gauge().value()).isEqualTo(1);
        assertThat(registry.get("hbone.tunnels").gauge().value()).isEqualTo(2);
        side.tunnelClosed(1, TimeUnit.SECONDS, 2, 3);
        side.connectionClosed();
        assertThat(registry.get("hbone.connections").gauge().value()).isZero();
        assertThat(registry.get("hbone.tunnels").gauge().value()).isEqualTo(1);
    }

    @Test
    void unknownCodesShareOneMeter() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        HboneMeters meters = new HboneMeters(registry);
        for (long code = 100; code < 200; code++) {
            meters.streamReset(new EmbeddedChannel(), 1, code, true);
        }
        assertThat(registry.get("hbone.resets").tag("by", "peer").tag("code", "other").counter().count()).isEqualTo(100);
        assertThat(registry.get("hbone.resets").counters()).hasSize(1);
    }

    @Test
    void everyEventIsPassedOn() {
        List<String> passed = new ArrayList<>();
        HboneEvents next = (HboneEvents) Proxy.newProxyInstance(HboneEvents.class.getClassLoader(), new Class<?>[] {HboneEvents.class}, (self, method, arguments) -> {
            passed.add(method.getName());
            return null;
        });
        MeterRegistry registry = new SimpleMeterRegistry();
        HboneMeters events = new HboneMeters(registry, Tags.empty(), next);
        Channel connection = new EmbeddedChannel();
        events.handshakeFailed(connection, "no certificate");
        events.connectionOpened(connection, CLIENT, true);
        events.connectionFailed(connection, "a flood");
        events.handlerFailed(connection, new IllegalStateException("no such app"));
        events.requestExpired(connection, Duration.ofSeconds(1));
        events.streamReset(connection, 1, 0, true);
        events.goAway(connection, 1, 0, true);
        events.frameLog(connection);
        events.connectionClosed(connection, "the end");
        assertThat(passed).containsExactly("handshakeFailed", "connectionOpened", "connectionFailed", "handlerFailed", "requestExpired", "streamReset", "goAway",
                "frameLog", "connectionClosed");
        assertThat(registry.get("hbone.connections.failed").counter().count()).isEqualTo(1);
    }
}
