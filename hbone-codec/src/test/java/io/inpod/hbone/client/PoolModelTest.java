package io.inpod.hbone.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.tls.TlsGate;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random schedules of requests, cancellations and ends, with a peer that behaves randomly. In each schedule, every request ends exactly
 * once, the peer's limits are respected, no request that the peer has processed is retried, and nothing is left over.
 */
@Timeout(120)
class PoolModelTest {
    private static final int SCHEDULES = Integer.getInteger("inpod.pool.schedules", 300);
    private static final SpiffeId US = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/us");
    private static final SpiffeId THEM = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/them");
    private static final MultiThreadIoEventLoopGroup GROUP = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
    private static final EventLoop LOOP = GROUP.next();

    @AfterAll
    static void stop() {
        GROUP.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }

    @Test
    void everySchedule() throws Exception {
        int opened = 0;
        for (int seed = 0; seed < SCHEDULES; seed++) {
            opened += new Schedule(seed).run();
        }
        assertThat(opened).as("tunnels in all schedules").isGreaterThan(SCHEDULES * 5);
    }

    private static final class Schedule {
        private final Random dice;
        private final String name;
        private final Map<String, Integer> asked = new HashMap<>();
        private final Map<String, Integer> lookedAt = new HashMap<>();
        private final List<String> faults = new ArrayList<>();
        private final List<ScriptedPeer> peers = new ArrayList<>();
        private final List<Promise<TunnelChannel>> promises = new ArrayList<>();
        private final List<Channel> clientChannels = new ArrayList<>();
        private final List<TunnelChannel> tunnels = new ArrayList<>();
        private final CompletableFuture<Integer> done = new CompletableFuture<>();
        private PoolEntry pool;
        private Channel listener;
        private int idle;

        @SuppressWarnings("NullAway.Init")
        Schedule(int seed) {
            dice = new Random(seed);
            name = "schedule " + seed;
        }

        int run() throws Exception {
            LocalAddress address = new LocalAddress(name);
            listener = new ServerBootstrap().group(GROUP).channel(LocalServerChannel.class).childHandler(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    ScriptedPeer peer = new ScriptedPeer(dice, asked, lookedAt, faults);
                    peers.add(peer);
                    channel.pipeline().addLast(peer);
                }
            }).bind(address).sync().channel();
            pool = new PoolEntry(new HboneDestination(US, THEM, new InetSocketAddress(1)), LOOP, (loop, destination, initializer) -> {
                var future = new Bootstrap().group(loop).channel(LocalChannel.class).handler(initializer).connect(address);
                clientChannels.add(future.channel());
                return future;
            }, destination -> CompletableFuture.completedFuture((channel, outcome) -> channel.pipeline().addLast(new NoTls(outcome))),
                    HboneOptions.client().withMaxConcurrentStreams(8), HboneEvents.NONE, () -> { });
            LOOP.execute(() -> step(80));
            return done.get(60, TimeUnit.SECONDS);
        }

        private void step(int left) {
            try {
                if (left == 0) {
                    pool.close(false);
                    LOOP.execute(this::finish);
                    return;
                }
                switch (dice.nextInt(8)) {
                    case 0, 1, 2 -> {
                        Promise<TunnelChannel> promise = LOOP.newPromise();
                        String id = name + " request " + promises.size();
                        promises.add(promise);
                        promise.addListener(f -> {
                            if (f.isSuccess()) {
                                tunnels.add(promise.getNow());
                            } else if (!f.isCancelled() && !(f.cause() instanceof IOException)) {
                                faults.add("failed with " + f.cause());
                            }
                        });
                        pool.open(new ConnectRequest(Authority.parse("10.0.0.1:80"), List.of(new Header("x-id", id))), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) { }
                        }, promise);
                    }
                    case 3 -> {
                        if (!promises.isEmpty() && dice.nextInt(4) == 0) {
                            promises.get(dice.nextInt(promises.size())).cancel(false);
                        }
                    }
                    case 4 -> {
                        if (!tunnels.isEmpty()) {
                            TunnelChannel tunnel = tunnels.get(dice.nextInt(tunnels.size()));
                            if (dice.nextBoolean()) {
                                tunnel.shutdownOutput();
                            } else {
                                tunnel.close();
                            }
                        }
                    }
                    default -> {
                        if (!peers.isEmpty()) {
                            peers.get(dice.nextInt(peers.size())).act();
                        }
                    }
                }
                LOOP.execute(() -> step(left - 1));
            } catch (RuntimeException | Error e) {
                done.completeExceptionally(e);
            }
        }

        /** Ends everything that is still open, after which nothing may remain. */
        private void finish() {
            boolean over = promises.stream().allMatch(Promise::isDone) && pool.isUnused() && clientChannels.stream().noneMatch(Channel::isOpen);
            if (!over && idle++ < 2000) {
                if (idle % 10 == 5) {
                    tunnels.forEach(Channel::close);
                    peers.forEach(p -> {
                        p.act();
                        if (idle > 500) {
                            p.hangUp();
                        }
                    });
                }
                LOOP.execute(this::finish);
                return;
            }
            listener.close();
            try {
                assertThat(faults).as(name).isEmpty();
                assertThat(lookedAt.values()).as(name + ": no request that a peer has answered comes again").allMatch(n -> n == 1);
                assertThat(promises).as(name).allMatch(Promise::isDone);
                assertThat(pool.isUnused()).as(name + ": nothing is left").isTrue();
                assertThat(clientChannels.stream().filter(Channel::isOpen)).as(name).isEmpty();
                assertThat(tunnels.stream().filter(Channel::isOpen)).as(name).isEmpty();
                done.complete(tunnels.size());
            } catch (AssertionError e) {
                done.completeExceptionally(e);
            }
        }
    }

    private static final class NoTls extends ChannelInboundHandlerAdapter {
        private final TlsGate.Outcome outcome;

        NoTls(TlsGate.Outcome outcome) {
            this.outcome = outcome;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.pipeline().replace(this, null, outcome.established(ctx.channel(), THEM));
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            outcome.failed(ctx.channel(), "closed before it was active");
        }
    }
}
