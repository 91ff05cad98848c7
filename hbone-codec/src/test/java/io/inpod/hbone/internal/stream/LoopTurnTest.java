package io.inpod.hbone.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollIoHandler;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LoopTurnTest {
    /** A bulk tunnel whose socket accepts everything must not prevent the loop from reading, although each turn schedules the next. */
    private static SendScheduler scheduler(EmbeddedChannel channel) {
        return new SendScheduler(channel, new StreamTable(), new QueuedBytes(channel, io.inpod.hbone.HboneMemory.Account.UNBOUNDED, () -> {}));
    }

    @Test
    void whatGoesOnForEverLetsTheLoopReadInBetween() throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            EventLoop loop = loops.next();
            List<String> order = new CopyOnWriteArrayList<>();
            CountDownLatch turns = new CountDownLatch(3);
            LoopTurn[] turn = new LoopTurn[1];
            turn[0] = new LoopTurn(loop, scheduler(new EmbeddedChannel()), () -> {
                order.add("turn");
                turns.countDown();
                if (turns.getCount() > 0) {
                    turn[0].scheduleAfterInput();
                    turn[0].dirty();
                    loop.execute(() -> order.add("others"));
                }
            }, cause -> order.add(cause.toString()));
            loop.execute(() -> {
                turn[0].scheduleAfterInput();
                turn[0].dirty();
                loop.execute(() -> order.add("others"));
            });
            assertThat(turns.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(order).containsExactly("others", "turn", "others", "turn", "others", "turn");
        } finally {
            loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    /** An exception in a turn fails the connection, and bytes written before are sent. */
    @Test
    void aTurnThatFailsIsToldAndFlushed() {
        EmbeddedChannel channel = new EmbeddedChannel();
        List<String> order = new CopyOnWriteArrayList<>();
        LoopTurn turn = new LoopTurn(channel.eventLoop(), scheduler(channel), () -> order.add("flushed"), cause -> order.add(cause.getMessage()));
        turn.later(turn::dirty);
        turn.later(() -> {
            throw new IllegalStateException("failed");
        });
        channel.runPendingTasks();
        assertThat(order).containsExactly("failed", "flushed");
    }
}
