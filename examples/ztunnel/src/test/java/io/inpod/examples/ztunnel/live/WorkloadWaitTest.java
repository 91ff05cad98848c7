package io.inpod.examples.ztunnel.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.tproxy.share.Share;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkloadWaitTest {
    private static final Duration LONG = Duration.ofHours(1);

    private final MeshState state = new MeshState();
    private final MeshWatch watch = new MeshWatch(state, Runnable::run);
    private final Share places = Share.of(10);
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final Promise<Void> gone = loop.newPromise();
    private final AtomicInteger served = new AtomicInteger();
    private volatile boolean known;

    @AfterEach
    void end() {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private WorkloadWait pod(Duration patience) {
        return new WorkloadWait(() -> known, watch, places.part(), patience);
    }

    private void await(WorkloadWait pod, Runnable action) throws Exception {
        loop.submit(() -> pod.await(loop, gone, action)).get();
    }

    private void loopIsDone() throws Exception {
        loop.submit(() -> { }).get();
    }

    @Test
    void whoIsKnownDoesNotWait() throws Exception {
        known = true;
        await(pod(LONG), served::incrementAndGet);
        assertThat(served).hasValue(1);
    }

    @Test
    void isServedWhenTheMeshKnowsThePodAndNotWhenItChangesOtherwise() throws Exception {
        WorkloadWait pod = pod(LONG);
        await(pod, served::incrementAndGet);
        state.replace(Mesh.EMPTY);
        loopIsDone();
        assertThat(served).hasValue(0);

        known = true;
        state.replace(Mesh.EMPTY);
        loopIsDone();
        assertThat(served).hasValue(1);
        assertThat(pod.size()).isZero();
        assertThat(places.held()).isZero();
    }

    @Test
    void theTimeIsBounded() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        await(pod(Duration.ofMillis(1)), over::countDown);
        over.await();
        assertThat(places.held()).isZero();
    }

    @Test
    void withoutATimeNobodyWaits() throws Exception {
        await(pod(Duration.ZERO), served::incrementAndGet);
        assertThat(served).hasValue(1);
    }

    /** The next connection finds the answer: otherwise nobody would ever ask. */
    @Test
    void whoDoesNotWaitAsksNevertheless() throws Exception {
        List<String> asked = new ArrayList<>();
        MeshState.Demand demand = new MeshState.Demand() {
            @Override
            public boolean isAnswered(String name) {
                return false;
            }

            @Override
            public MeshState.Subscription ask(String name, Runnable answered) {
                asked.add(name);
                return () -> { };
            }
        };
        WorkloadWait impatient = pod(Duration.ZERO);
        loop.submit(() -> impatient.await(loop, gone, demand, "n/10.0.0.1", served::incrementAndGet)).get();
        assertThat(places.tryTake(10)).isTrue();
        WorkloadWait without = pod(LONG);
        loop.submit(() -> without.await(loop, gone, demand, "n/10.0.0.2", served::incrementAndGet)).get();
        places.giveBack(10);
        assertThat(served).hasValue(2);
        assertThat(asked).containsExactly("n/10.0.0.1", "n/10.0.0.2");
    }

    /** A storm of one pod takes no more than half of the places; the others of its connections don't wait. */
    @Test
    void theNumberIsBoundedAndOtherPodsHavePlaces() throws Exception {
        WorkloadWait storm = pod(LONG);
        for (int i = 0; i < 1000; i++) {
            await(storm, served::incrementAndGet);
        }
        assertThat(storm.size()).isEqualTo(5);
        assertThat(served).hasValue(995);

        WorkloadWait other = pod(LONG);
        await(other, served::incrementAndGet);
        assertThat(other.size()).isEqualTo(1);
    }

    @Test
    void whoIsGoneDoesNotWait() throws Exception {
        WorkloadWait pod = pod(LONG);
        await(pod, served::incrementAndGet);
        gone.setSuccess(null);
        loopIsDone();
        assertThat(pod.size()).isZero();
        assertThat(places.held()).isZero();
    }

    @Test
    void endsWithThePod() throws Exception {
        WorkloadWait pod = pod(LONG);
        await(pod, served::incrementAndGet);
        pod.close();
        loopIsDone();
        assertThat(served).hasValue(1);
        assertThat(places.held()).isZero();
    }
}
