package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;

@Pods(2)
class NamespaceExecutorTest {
    private static String whereAmI() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    @Test
    void servesManyCallersInManyNamespaces(PodNetwork network) {
        List<String> names = new ArrayList<>();
        try (NamespaceExecutor executor = NamespaceExecutor.create(3, work -> {
            Thread thread = new Thread(work, "switcher-" + names.size());
            names.add(thread.getName());
            return thread;
        })) {
            assertThat(names).containsExactly("switcher-0", "switcher-1", "switcher-2");
            assertThat(executor.threads()).isEqualTo(3);
            for (int i = 0; i < 200; i++) {
                NetworkNamespace pod = network.pod(i % 2).namespace();
                String expected = pod.identity().toString();
                String where = executor.call(pod, () -> whereAmI() + Thread.currentThread().getName()).toCompletableFuture().join();
                assertThat(where).startsWith(expected + "switcher-");
            }
        }
        assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName).doesNotContainAnyElementsOf(names);
    }

    @Test
    void servesAVirtualThread(PodNetwork network) throws Exception {
        if (Runtime.version().feature() < 21) {
            return; // no virtual threads: aVirtualThreadIsRefused checks that
        }
        CompletableFuture<ServerSocketChannel> created = new CompletableFuture<>();
        try (NamespaceExecutor executor = NamespaceExecutor.create(1, Thread::new)) {
            Runnable caller = () -> created.complete(executor.call(network.pod(0).namespace(), ServerSocketChannel::open).toCompletableFuture().join());
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, caller);
            created.join().close();
        }
    }

    @Test
    void passesOnTheBodysExceptionAndContinues(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (NamespaceExecutor executor = NamespaceExecutor.create(1, Thread::new)) {
            assertThatThrownBy(() -> executor.call(pod, () -> {
                        throw new IOException("from the body");
                    }).toCompletableFuture().join())
                    .isInstanceOf(CompletionException.class).hasRootCauseMessage("from the body");
            executor.call(pod, () -> {
                Thread.currentThread().interrupt();
                return "interrupted";
            }).toCompletableFuture().join();
            NetworkNamespace closed = pod.duplicate();
            closed.close();
            assertThatThrownBy(() -> executor.call(closed, () -> "").toCompletableFuture().join()).hasCauseInstanceOf(ClosedChannelException.class);

            assertThat(executor.call(pod, NamespaceExecutorTest::whereAmI).toCompletableFuture().join()).isEqualTo(pod.identity().toString());
        }
    }

    @Test
    void closingFinishesAcceptedWork(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        CountDownLatch go = new CountDownLatch(1);
        List<CompletableFuture<String>> results = new ArrayList<>();
        NamespaceExecutor executor = NamespaceExecutor.create(2, Thread::new);
        for (int i = 0; i < 10; i++) {
            results.add(executor.call(pod, () -> {
                go.await();
                return whereAmI();
            }).toCompletableFuture());
        }
        Thread closer = new Thread(executor::close);
        closer.start();
        while (!isClosed(executor, pod)) {
            Thread.onSpinWait();
        }
        go.countDown();
        closer.join();
        executor.close();

        assertThat(results).allSatisfy(result -> assertThat(result).isCompletedWithValue(pod.identity().toString()));
    }

    private static boolean isClosed(NamespaceExecutor executor, NetworkNamespace pod) {
        try {
            executor.call(pod, () -> "");
            return false;
        } catch (RejectedExecutionException e) {
            return true;
        }
    }

    @Test
    void isNotCreatedInsideANamespace(PodNetwork network) throws Exception {
        network.pod(0).namespace().run(() -> assertThatThrownBy(() -> NamespaceExecutor.create(1, Thread::new)).hasMessageContaining("outside any namespace"));
    }

    @Test
    void refusesUnusableArgumentsAndLeavesNoThread(PodNetwork network) throws Exception {
        assertThatThrownBy(() -> NamespaceExecutor.create(0, Thread::new)).hasMessage("1 to 64 threads, not 0");
        assertThatThrownBy(() -> NamespaceExecutor.create(1, work -> null)).hasMessageContaining("platform threads, not null");
        Thread ended = new Thread(() -> {});
        ended.start();
        ended.join();
        List<Thread> created = new ArrayList<>();
        assertThatThrownBy(() -> NamespaceExecutor.create(2, work -> {
            created.add(created.isEmpty() ? new Thread(work) : ended);
            return created.get(created.size() - 1);
        })).isInstanceOf(IllegalThreadStateException.class);
        assertThat(created).noneMatch(Thread::isAlive);
        if (Runtime.version().feature() >= 21) {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            ThreadFactory virtual = (ThreadFactory) Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
            assertThatThrownBy(() -> NamespaceExecutor.create(1, virtual)).hasMessageContaining("platform threads, not VirtualThread");
        }
    }
}
