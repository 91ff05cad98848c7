package io.inpod.iptables.backend.internal.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Kernel;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may change the rules of a namespace next. */
@Timeout(60)
class ApplyLockTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String TRY_LOCK = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)";

    @Test
    void aThreadThatChangesTheRulesAgainAndAgainLetsOthersIn() throws Exception {
        List<String> order = new CopyOnWriteArrayList<>();
        try (NetworkNamespace pod = Kernel.namespace()) {
            FutureTask<Void> other = new FutureTask<>(() -> {
                ApplyLock.holding(pod, LIMIT, () -> order.add("other"));
                return null;
            });
            Thread waiting = new Thread(other);
            ApplyLock.holding(pod, LIMIT, () -> {
                order.add("first");
                waiting.start();
                awaitBlocked(waiting);
            });
            ApplyLock.holding(pod, LIMIT, () -> order.add("first again"));
            other.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(order).containsExactly("first", "other", "first again");
    }

    /** The kernel releases a process's lock as soon as it closes any descriptor of the file. */
    @Test
    void aThreadThatGivesUpLeavesTheLockToItsHolder() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            String file = LockFile.applying(pod.identity()).toString();
            CountDownLatch held = new CountDownLatch(1);
            CountDownLatch enough = new CountDownLatch(1);
            FutureTask<Void> holder = new FutureTask<>(() -> {
                ApplyLock.holding(pod, LIMIT, () -> {
                    held.countDown();
                    await(enough);
                });
                return null;
            });
            new Thread(holder).start();
            await(held);
            assertThatThrownBy(() -> ApplyLock.holding(pod, Duration.ofMillis(1), () -> {}))
                    .hasMessageContaining("another thread has been changing the rules of " + pod);
            assertThat(Tool.tryRun(pod, "python3", "-c", TRY_LOCK, file).exitCode()).isNotZero();
            enough.countDown();
            holder.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(Tool.tryRun(pod, "python3", "-c", TRY_LOCK, file).exitCode()).isZero();
        }
    }

    private static void awaitBlocked(Thread thread) {
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            assertThat(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
