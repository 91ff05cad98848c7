package io.inpod.tproxy.relay;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.tproxy.share.Share;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The relay between real sockets. */
@Timeout(120)
class RelayTest {
    private static final int MEBIBYTE = 1 << 20;
    private static final int TCP_ESTABLISHED = 1; // include/net/tcp_states.h
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stopThreads() throws InterruptedException {
        threads.shutdownNow();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void carriesBothWaysAtOnce() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            Future<Long> sentUp = threads.submit(send(relayed.client, 64 * MEBIBYTE, 1));
            Future<Long> sentDown = threads.submit(send(relayed.server, 64 * MEBIBYTE, 2));
            Future<Long> receivedUp = threads.submit(receive(relayed.server));
            Future<Long> receivedDown = threads.submit(receive(relayed.client));
            assertThat(receivedUp.get()).isEqualTo(sentUp.get());
            assertThat(receivedDown.get()).isEqualTo(sentDown.get());
            assertThat(relayed.result()).satisfies(result -> {
                assertThat(result.isComplete()).isTrue();
                assertThat(result.bytesUpstream()).isEqualTo(64 * MEBIBYTE);
                assertThat(result.bytesDownstream()).isEqualTo(64 * MEBIBYTE);
                assertThat(result.failedSide()).isNull();
            });
        }
    }

    /** Without a share, these 24 directions would hold 12 MiB. */
    @Test
    void unreadRelaysHoldTheirShareAndOthersGoOn() throws Exception {
        Share whole = Share.of(3 * MEBIBYTE);
        Share hoarder = whole.part();
        List<RelayedConnection> unread = new ArrayList<>();
        try {
            for (int i = 0; i < 24; i++) {
                RelayedConnection relayed = new RelayedConnection().started(hoarder);
                relayed.server.setReceiveBufferSize(4096);
                relayed.client.setSendBufferSize(4096);
                unread.add(relayed);
                threads.submit(send(relayed.client, 64 * MEBIBYTE, i));
            }
            while (hoarder.refusals() == 0) {
                assertThat(Thread.interrupted()).isFalse();
            }
            for (Share share : List.of(whole.part(), hoarder)) { // an uninvolved one, and one more connection of the same
                try (RelayedConnection other = new RelayedConnection().started(share)) {
                    Future<Long> up = threads.submit(send(other.client, 4 * MEBIBYTE, 1));
                    Future<Long> down = threads.submit(send(other.server, 4 * MEBIBYTE, 2));
                    Future<Long> answer = threads.submit(receive(other.client));
                    assertThat(receive(other.server).call()).isEqualTo(up.get());
                    assertThat(answer.get()).isEqualTo(down.get());
                    assertThat(hoarder.held()).isBetween(MEBIBYTE / 2L, 3L * MEBIBYTE);
                    assertThat(other.result().isComplete()).isTrue();
                }
            }
        } finally {
            for (RelayedConnection relayed : unread) {
                relayed.close();
                relayed.result();
            }
        }
        assertThat(whole.held()).isZero();
    }

    @Test
    void passesTheClientsEndOnAndCarriesTheAnswer() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            halfCloses(relayed.client, relayed.server);
            assertThat(relayed.result().isComplete()).isTrue();
        }
    }

    @Test
    void passesTheServersEndOnAndCarriesTheRest() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            halfCloses(relayed.server, relayed.client);
            assertThat(relayed.result().isComplete()).isTrue();
        }
    }

    private static void halfCloses(Socket first, Socket second) throws IOException {
        first.getOutputStream().write("question".getBytes(US_ASCII));
        first.shutdownOutput();
        assertThat(second.getInputStream().readAllBytes()).asString(US_ASCII).isEqualTo("question");
        second.getOutputStream().write("answer".getBytes(US_ASCII));
        second.shutdownOutput();
        assertThat(first.getInputStream().readAllBytes()).asString(US_ASCII).isEqualTo("answer");
    }

    @Test
    void passesAClientsResetOn() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            reset(relayed.client, relayed.server);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
        }
    }

    @Test
    void passesAServersResetOn() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            reset(relayed.server, relayed.client);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.UPSTREAM);
        }
    }

    private static void reset(Socket first, Socket second) throws IOException {
        exchangeAByte(first, second);
        first.setSoLinger(true, 0);
        first.close();
        assertReset(second);
    }

    @Test
    void passesAResetOnAfterTheOtherSideHasEnded() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            relayed.server.shutdownOutput();
            assertThat(relayed.client.getInputStream().read()).isEqualTo(-1);
            reset(relayed.client, relayed.server);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
        }
    }

    @Test
    void passesAResetOnFromASideThatHasEndedItsInput() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            relayed.client.shutdownOutput();
            assertThat(relayed.server.getInputStream().read()).isEqualTo(-1);
            relayed.client.setSoLinger(true, 0);
            relayed.client.close();
            // The server neither sends nor ends: the relay must find out all the same.
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
            assertThatThrownBy(() -> send(relayed.server, MEBIBYTE, 1).call()).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void saysWhatHappenedToBothSides() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            exchangeAByte(relayed.client, relayed.server);
            CountDownLatch bothAreGone = new CountDownLatch(1);
            Future<?> busy = relayed.loop.submit(() -> bothAreGone.await(30, TimeUnit.SECONDS));
            for (Socket socket : new Socket[] {relayed.client, relayed.server}) {
                socket.setSoLinger(true, 0);
                socket.close();
            }
            bothAreGone.countDown();
            busy.get();
            RelayResult result = relayed.result();
            assertThat(result.lastError()).isInstanceOf(SocketException.class).isNotSameAs(result.error());
            assertThat(List.of(result.failedSide(), result.lastFailedSide())).containsExactlyInAnyOrder(RelaySide.values());
        }
    }

    @Test
    void countsWhileItGoesOn() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection()) {
            Relay relay = relayed.start(RelayOptions.DEFAULT);
            exchangeAByte(relayed.client, relayed.server);
            assertThat(relay.bytesUpstream()).isEqualTo(1);
            assertThat(relay.bytesDownstream()).isZero();
        }
    }

    @Test
    void passesAResetOnWhileTheOtherSideStalls() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            Future<Long> sender = threads.submit(send(relayed.client, 256 * MEBIBYTE, 1));
            awaitStall(relayed);
            relayed.client.setSoLinger(true, 0);
            relayed.client.close();
            assertThatThrownBy(sender::get).hasCauseInstanceOf(SocketException.class);
            assertThatThrownBy(() -> receive(relayed.server).call()).isInstanceOf(SocketException.class);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
        }
    }

    /** A reset throws away what the kernel hasn't sent, so it has to wait until everything is acknowledged. */
    @Test
    void deliversAllBeforeItResetsASideThatStalls() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            relayed.server.setReceiveBufferSize(4096);
            byte[] all = new byte[200_000]; // less than the relay's high-water mark
            relayed.client.getOutputStream().write(all);
            while (relayed.readByRelay != all.length) {
                Thread.onSpinWait();
            }
            relayed.client.setSoLinger(true, 0);
            relayed.client.close();
            relayed.downstream.closeFuture().sync();
            assertThat(relayed.result.isDone()).isFalse();
            assertThat(relayed.server.getInputStream().readNBytes(all.length)).hasSameSizeAs(all);
            assertReset(relayed.server);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
        }
    }

    @Test
    void stopsReadingWhenTheOtherSideDoes() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            Future<Long> sender = threads.submit(send(relayed.client, 64 * MEBIBYTE, 7));
            long queued = awaitStall(relayed);
            assertThat(sender.isDone()).isFalse();
            assertThat(queued).isLessThanOrEqualTo(2L * (RelayOptions.DEFAULT.highWaterBytes() + RelayOptions.DEFAULT.maxReadBytes()));
            for (int turn = 0; turn < 1000; turn++) {
                assertThat(queued(relayed)).isEqualTo(queued);
            }
            assertThat(receive(relayed.server).call()).isEqualTo(sender.get());
        }
    }

    /** {@return the number of bytes queued in user space for the stalled server} */
    private static long awaitStall(RelayedConnection relayed) throws Exception {
        for (long before = -1; ; ) {
            long now = relayed.upstream.isWritable() ? -1 : queued(relayed);
            if (now > 0 && now == before) {
                return now;
            }
            before = now;
        }
    }

    /** Returns whether the upstream's buffers stay full. If the kernel's buffers still grew, they would let the end of the stream pass. */
    private static boolean staysFull(RelayedConnection relayed) throws Exception {
        for (int turn = 0; turn < 20; turn++) {
            if (relayed.upstream.isWritable()) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return true;
    }

    private static long queued(RelayedConnection relayed) throws Exception {
        return relayed.loop.submit(() -> relayed.upstream.unsafe().outboundBuffer().totalPendingWriteBytes()).get();
    }

    @Test
    void writesAllToAPeerThatHasEndedItsInputAndStalls() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            relayed.server.shutdownOutput();
            assertThat(relayed.client.getInputStream().read()).isEqualTo(-1);
            Future<Long> sender = threads.submit(send(relayed.client, 64 * MEBIBYTE, 3));
            awaitStall(relayed);
            assertThat(receive(relayed.server).call()).isEqualTo(sender.get());
            assertThat(relayed.result().isComplete()).isTrue();
        }
    }

    @Test
    void readsAllOfAPeerThatEndsWhileTheOtherSideStalls() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            CRC32 sum = new CRC32();
            byte[] chunk = new byte[64 * 1024];
            long sent = 0;
            // The server doesn't read: fill all buffers on the path, add some bytes that the relay doesn't read, then end the output.
            for (boolean full = false; ; ) {
                chunk[0]++;
                relayed.client.getOutputStream().write(chunk);
                sum.update(chunk);
                sent += chunk.length;
                if (full) {
                    break;
                }
                // Wait until the relay has read everything or stalls, so that this thread never blocks.
                while (relayed.readByRelay != sent && !full) {
                    full = staysFull(relayed);
                }
            }
            relayed.client.shutdownOutput();
            awaitStall(relayed);
            assertThat(receive(relayed.server).call()).isEqualTo(sum.getValue());
            relayed.server.shutdownOutput();
            assertThat(relayed.result().bytesUpstream()).isEqualTo(sent);
        }
    }

    /** Netty would read everything that has arrived as soon as the peer ends or resets the connection, and hold it outside of the share. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theEndOfAPeerDoesntMakeAStalledRelayReadOn(boolean reset) throws Exception {
        Share share = Share.of(64L * MEBIBYTE);
        try (RelayedConnection relayed = new RelayedConnection().started(share)) {
            byte[] chunk = new byte[64 * 1024];
            boolean full = false;
            for (long sent = chunk.length; !full; sent += chunk.length) {
                relayed.client.getOutputStream().write(chunk);
                while (relayed.readByRelay != sent && !full) {
                    full = staysFull(relayed);
                }
            }
            relayed.client.getOutputStream().write(chunk);
            relayed.client.getOutputStream().write(chunk);
            share.take(share.total());
            long held = share.held();
            relayed.client.setSoLinger(reset, 0);
            if (reset) {
                relayed.client.close();
            } else {
                relayed.client.shutdownOutput();
            }
            while (relayed.downstream.isOpen() && SendQueue.state(relayed.downstream) == TCP_ESTABLISHED) {
                assertThat(Thread.interrupted()).isFalse();
            }
            for (int turn = 0; turn < 100; turn++) {
                relayed.loop.submit(() -> {}).sync();
                assertThat(share.held()).isLessThanOrEqualTo(held + 4096);
            }
            assertThat(relayed.upstream.isOpen()).isTrue(); // what has arrived may still be carried
        }
    }

    /** Parts of one buffer that wait keep all of it in memory. */
    @Test
    void countsTheMemoryOfSmallPartsOnceAndCopiesThem() throws Exception {
        Share share = Share.of(64L * MEBIBYTE);
        try (RelayedConnection relayed = new RelayedConnection().started(share)) {
            List<ByteBuf> buffers = new ArrayList<>();
            relayed.loop.submit(() -> {
                relayed.downstream.pipeline().fireChannelRead(Unpooled.directBuffer(32 * MEBIBYTE).writeZero(32 * MEBIBYTE)); // stalls it
                relayed.downstream.pipeline().fireChannelReadComplete();
            }).sync();
            long stalled = share.held();
            assertThat(stalled).isEqualTo(32 * MEBIBYTE);
            relayed.loop.submit(() -> {
                for (int i = 0; i < 100; i++) {
                    ByteBuf read = Unpooled.directBuffer(64 * 1024).writeZero(64 * 1024);
                    buffers.add(read);
                    relayed.downstream.pipeline().fireChannelRead(read.readRetainedSlice(1));
                    read.release();
                }
                relayed.downstream.pipeline().fireChannelReadComplete();
            }).sync();
            assertThat(buffers).allSatisfy(read -> assertThat(read.refCnt()).isZero());
            assertThat(share.held() - stalled).isBetween(100L, 10_000L);
        }
        assertThat(share.held()).isZero();
    }

    /** Netty asks for a channel's read sizes once, with its first read. */
    @Test
    void boundsTheReadsOfAConnectionThatHasBeenReadBefore() throws Exception {
        Share share = Share.of(64L * MEBIBYTE);
        share.take(share.total());
        List<Integer> sizes = new ArrayList<>();
        try (RelayedConnection relayed = new RelayedConnection()) {
            relayed.downstream.pipeline().addFirst(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    sizes.add(((ByteBuf) message).capacity());
                    context.fireChannelRead(message);
                }
            });
            relayed.client.getOutputStream().write(new byte[64 * 1024]);
            while (relayed.readByRelay == 0) {
                relayed.loop.submit(relayed.downstream::read).sync();
            }
            int before = relayed.loop.submit(sizes::size).get();
            relayed.started(share);
            relayed.client.getOutputStream().write(new byte[256 * 1024]);
            assertThat(relayed.server.getInputStream().readNBytes(320 * 1024)).hasSize(320 * 1024);
            assertThat(relayed.loop.submit(() -> List.copyOf(sizes)).get()).element(0).satisfies(size -> assertThat(size).isGreaterThan(4096));
            assertThat(relayed.loop.submit(() -> sizes.subList(before, sizes.size())).get()).allMatch(size -> size <= 4096);
        }
    }

    @Test
    void refusesLoopsThatLoseHalfClosedSockets() throws Exception {
        MultiThreadIoEventLoopGroup plain = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        EpollSocketChannel channel = new EpollSocketChannel();
        try {
            plain.register(channel).sync();
            assertThatThrownBy(() -> Relay.start(channel, channel, ended -> {})).hasMessageContaining("RelayIoHandler");
        } finally {
            channel.close().sync();
            plain.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    @Test
    void losesNothingThatComesBeforeTheStart() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection()) {
            relayed.client.getOutputStream().write("early".getBytes(US_ASCII));
            relayed.client.shutdownOutput();
            while (!relayed.downstream.isInputShutdown()) {
                // Netty reads to the end without further requests.
                relayed.loop.submit(relayed.downstream::read).sync();
            }
            relayed.started();
            assertThat(relayed.server.getInputStream().readAllBytes()).asString(US_ASCII).isEqualTo("early");
            relayed.server.shutdownOutput();
            assertThat(relayed.result().bytesUpstream()).isEqualTo(5);
        }
    }

    @Test
    void closesAClientThatIsResetBeforeTheStart() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection()) {
            relayed.client.setSoLinger(true, 0);
            relayed.client.close();
            relayed.downstream.closeFuture().sync();
            relayed.started();
            assertReset(relayed.server);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
        }
    }

    @Test
    void takesALostChannelForAReset() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            exchangeAByte(relayed.client, relayed.server);
            relayed.downstream.close();
            assertReset(relayed.server);
            assertThat(relayed.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
        }
    }

    @Test
    void resetsBothSidesWhenAborted() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection()) {
            Relay relay = relayed.start(RelayOptions.DEFAULT);
            exchangeAByte(relayed.client, relayed.server);
            relay.abort();
            relay.abort();
            assertReset(relayed.client);
            assertReset(relayed.server);
            assertThat(relayed.result().error()).isInstanceOf(CancellationException.class);
            assertThat(relayed.result().failedSide()).isNull();
        }
    }

    @Test
    void drainsUntilTheDeadline() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection()) {
            Relay relay = relayed.start(RelayOptions.DEFAULT);
            relay.drain(Duration.ofDays(1));
            exchangeAByte(relayed.client, relayed.server);
            relay.drain(Duration.ZERO);
            assertReset(relayed.client);
            assertThat(relayed.result().error()).isInstanceOf(CancellationException.class);
        }
    }

    @Test
    void endsWhenIdleOrHalfClosedForTooLong() throws Exception {
        for (RelayOptions options : new RelayOptions[] {
            RelayOptions.DEFAULT.withTimeouts(Duration.ofMillis(1), Duration.ZERO), RelayOptions.DEFAULT.withTimeouts(Duration.ZERO, Duration.ofMillis(1)),
        }) {
            try (RelayedConnection relayed = new RelayedConnection()) {
                relayed.start(options);
                relayed.client.shutdownOutput();
                assertThat(relayed.result().error()).isInstanceOf(TimeoutException.class);
                assertReset(relayed.client);
            }
        }
    }

    @Test
    void refusesChannelsOfDifferentLoops() throws Exception {
        try (RelayedConnection one = new RelayedConnection(); RelayedConnection other = new RelayedConnection()) {
            assertThatThrownBy(() -> Relay.start(one.downstream, other.upstream, one)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void ignoresASecondEndOfInput() throws Exception {
        try (RelayedConnection relayed = new RelayedConnection().started()) {
            halfCloses(relayed.client, relayed.server);
            relayed.result();
            relayed.loop.submit(() -> relayed.downstream.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE)).sync();
        }
    }

    private static void exchangeAByte(Socket first, Socket second) throws IOException {
        first.getOutputStream().write(1);
        assertThat(second.getInputStream().read()).isEqualTo(1);
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class).hasMessageContaining("reset");
    }

    private static Callable<Long> send(Socket socket, int bytes, long seed) {
        return () -> {
            CRC32 sum = new CRC32();
            Random random = new Random(seed);
            byte[] chunk = new byte[128 * 1024];
            OutputStream out = socket.getOutputStream();
            for (int left = bytes; left > 0; ) {
                int length = Math.min(left, 1 + random.nextInt(chunk.length));
                chunk[random.nextInt(length)] = (byte) left;
                sum.update(chunk, 0, length);
                out.write(chunk, 0, length);
                left -= length;
            }
            socket.shutdownOutput();
            return sum.getValue();
        };
    }

    private static Callable<Long> receive(Socket socket) {
        return () -> {
            CRC32 sum = new CRC32();
            byte[] chunk = new byte[64 * 1024];
            InputStream in = socket.getInputStream();
            for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                sum.update(chunk, 0, length);
            }
            return sum.getValue();
        };
    }
}
