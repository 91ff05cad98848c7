package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.internal.Native;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The return fails because the tests replace the descriptor of the thread's own namespace behind the library's back. */
@Pods(2)
class LostThreadTest {
    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }

    private static void onNewThread(Work work) throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable e) {
                thrown.set(e);
            }
        }, "to be lost");
        thread.start();
        thread.join();
        if (thrown.get() != null) {
            throw new AssertionError(thrown.get());
        }
    }

    /** Puts another file in the place of a descriptor, so that the library, which closes the number some day, closes nobody else's. */
    private static int replace(int fd) {
        int other = Native.LIBC.open("/dev/null", 0, 0);
        Native.LIBC.syscall(System.getProperty("os.arch").equals("aarch64") ? 24 : 292, other, fd, 0); // dup3
        return Native.LIBC.close(other);
    }

    @Test
    void notifiesTheHandlerAndKeepsTheBodysException(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        List<NamespaceLostError> notified = new ArrayList<>();
        pod.onLost(lost -> {
            notified.add(lost);
            throw new IllegalArgumentException("from the handler");
        });
        onNewThread(() -> {
            int home = ThreadNamespace.ofCallingThread().current();
            IllegalStateException fromBody = new IllegalStateException("from the body");

            assertThatThrownBy(() -> pod.run(() -> {
                        replace(home);
                        throw fromBody;
                    }))
                    .isInstanceOf(NamespaceLostError.class)
                    .hasMessageContaining("thread \"to be lost\" can't return from " + pod + " and must not run anything else")
                    .hasMessageContaining("EINVAL")
                    .satisfies(e -> assertThat(notified).containsExactly((NamespaceLostError) e))
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2).contains(fromBody));

            assertThatThrownBy(() -> pod.run(() -> {})).isInstanceOf(NamespaceLostError.class).hasMessageContaining("it has been lost since then");
            assertThatThrownBy(NetworkNamespace::create).isInstanceOf(NamespaceLostError.class);
            assertThatThrownBy(() -> NamespaceExecutor.create(1, Thread::new)).hasMessageContaining("outside any namespace");
        });
    }

    @Test
    void aThreadThatIsBackAnywayIsNotLost(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        onNewThread(() -> {
            int home = ThreadNamespace.ofCallingThread().current();
            try (NetworkNamespace own = NetworkNamespace.current()) {
                pod.run(() -> {
                    Native.LIBC.setns(own.fd().acquire(), 0);
                    own.fd().release();
                    replace(home);
                });
                try (NetworkNamespace now = NetworkNamespace.current()) {
                    assertThat(now).isEqualTo(own);
                }
            }
        });
    }

    @Test
    void aSwitchBehindItsBackIsDetectedWhenNested(PodNetwork network) throws Exception {
        NetworkNamespace outer = network.pod(0).namespace();
        NetworkNamespace other = network.pod(1).namespace();
        try (NetworkNamespace own = NetworkNamespace.current()) {
            outer.run(() -> {
                Native.LIBC.setns(other.fd().acquire(), 0);
                other.fd().release();

                assertThatThrownBy(() -> other.run(() -> {}))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("the calling thread should be in " + outer.identity() + " but something else has moved it to " + other.identity());
                assertThatThrownBy(NetworkNamespace::create).isInstanceOf(IllegalStateException.class);
                assertThatThrownBy(() -> NetworkNamespace.create("unmade")).isInstanceOf(IllegalStateException.class);
                assertThat(Path.of("/run/netns/unmade")).doesNotExist();
            });
            try (NetworkNamespace now = NetworkNamespace.current()) {
                assertThat(now).isEqualTo(own);
            }
        }
    }

    @Test
    void anExecutorNeverUsesALostThreadAgain(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (NamespaceExecutor executor = NamespaceExecutor.create(1, Thread::new)) {
            CountDownLatch asked = new CountDownLatch(1);
            CompletableFuture<Integer> answer = executor.call(pod, () -> {
                asked.await();
                return 0;
            }).thenApply(done -> home()).toCompletableFuture();
            asked.countDown();
            int home = answer.join();

            assertThatThrownBy(() -> executor.call(pod, () -> replace(home)).toCompletableFuture().join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(NamespaceLostError.class);

            assertThat(executor.threads()).isZero();
            assertThatThrownBy(() -> executor.call(pod, () -> 0)).isInstanceOf(RejectedExecutionException.class).hasMessageContaining("lost");
        }
    }

    /** Returns the descriptor of the thread that completes a future; this is the executor's if the callback is added first. */
    private static int home() {
        try {
            return ThreadNamespace.ofCallingThread().current();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
