package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NamespaceHolder.Kind;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Pods(2)
class NamespaceThreadsTest {
    private static String whereAmI() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    private static String greeting() throws IOException {
        try (Socket socket = new Socket()) { // its descriptor is made by connect, on this thread
            socket.connect(Lookalikes.greeter(), 20_000);
            socket.getOutputStream().write("hello\n".getBytes());
            return new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
        }
    }

    @Test
    @Pods(0)
    void connectInTheirNamespace(PodNetwork network) throws Exception {
        List<NamespaceThreads> owners = new ArrayList<>();
        try (Lookalikes lookalikes = new Lookalikes(20)) {
            List<Future<String>> answers = new ArrayList<>();
            for (NetworkNamespace pod : lookalikes.pods()) {
                owners.add(NamespaceThreads.of(pod, Thread::new));
                for (int i = 0; i < 3; i++) {
                    answers.add(owners.get(owners.size() - 1).executor().submit(NamespaceThreadsTest::greeting));
                }
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isEqualTo("pod-" + i / 3);
            }
        } finally {
            owners.forEach(NamespaceThreads::close);
        }
        assertThat(owners).allSatisfy(owner -> assertThat(owner.alive()).isZero());
    }

    @Test
    @Timeout(60)
    void liveThereAreCountedAndEndWithTheirOwner(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NamespaceThreads threads = NamespaceThreads.of(pod, work -> new Thread(work, "resident"));
        assertThat(threads.alive()).isZero();
        CountDownLatch begun = new CountDownLatch(2);
        for (int i = 0; i < 2; i++) {
            threads.executor().execute(() -> {
                begun.countDown();
                try {
                    Thread.sleep(600_000);
                } catch (InterruptedException e) {
                    // close() ends it
                }
            });
        }
        begun.await();
        assertThat(threads.alive()).isEqualTo(2);
        assertThat(NamespaceHolder.of(pod)).filteredOn(holder -> holder.kind() == Kind.THREAD).hasSize(2).allMatch(holder -> holder.name().equals("resident"));

        threads.close();
        threads.close();

        assertThat(threads.alive()).isZero();
        while (NamespaceHolder.of(pod).stream().anyMatch(holder -> holder.kind() == Kind.THREAD)) { // the kernel's end a little later
            Thread.onSpinWait();
        }
        assertThatThrownBy(() -> threads.newThread(() -> {})).isInstanceOf(RejectedExecutionException.class).hasMessageContaining("closed");
        assertThatThrownBy(() -> threads.executor().submit(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    /** A thread that visits another namespace keeps a descriptor of its own one, which must not outlive it. */
    @Test
    @Timeout(60)
    void leaveNothingBehindEvenIfTheyVisitOthers(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace other = network.pod(1).namespace();
        List<NamespaceHolder> before = NamespaceHolder.of(pod);
        try (NamespaceThreads threads = NamespaceThreads.of(pod, Thread::new)) {
            Callable<String> visit = () -> other.<String, IOException>call(NamespaceThreadsTest::whereAmI) + whereAmI();
            assertThat(threads.executor().submit(visit).get()).isEqualTo(other.identity().toString() + pod.identity());
            assertThat(pod.<String, IOException>call(NamespaceThreadsTest::whereAmI)).isEqualTo(pod.identity().toString());
        }
        while (!NamespaceHolder.of(pod).equals(before)) { // the kernel's threads end a little after Java's
            Thread.onSpinWait();
        }
    }

    @Test
    void theirChildrenAreBornThere(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        AtomicReference<String> child = new AtomicReference<>();
        try (NamespaceThreads threads = NamespaceThreads.of(pod, Thread::new)) {
            threads.executor().submit(() -> {
                Thread born = new Thread(() -> {
                    try {
                        child.set(whereAmI());
                    } catch (IOException e) {
                        child.set(e.toString());
                    }
                });
                born.start();
                born.join();
                return "";
            }).get();
            assertThat(child.get()).isEqualTo(pod.identity().toString());
            Callable<NamespaceExecutor> executor = () -> NamespaceExecutor.create(1, Thread::new);
            assertThatThrownBy(() -> threads.executor().submit(executor).get()).hasMessageContaining("create the executor outside any namespace");
        }
    }

    @Test
    void keepTheirNamespaceOpenAndFailEarly(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace().duplicate();
        try (NamespaceThreads threads = NamespaceThreads.of(pod, Thread::new)) {
            pod.close();
            assertThat(threads.executor().submit(NamespaceThreadsTest::whereAmI).get()).isEqualTo(network.pod(0).namespace().identity().toString());
            Runnable close = threads::close;
            assertThatThrownBy(() -> threads.executor().submit(close).get()).hasMessageContaining("can't wait for its own end");
        }
        assertThatThrownBy(() -> NamespaceThreads.of(pod, Thread::new)).isInstanceOf(ClosedChannelException.class);
        try (NamespaceThreads none = NamespaceThreads.of(network.node(), work -> null)) {
            assertThatThrownBy(() -> none.newThread(() -> {})).hasMessageContaining("platform threads, not null");
        }
        if (Runtime.version().feature() >= 21) {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            ThreadFactory virtual = (ThreadFactory) Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
            try (NamespaceThreads none = NamespaceThreads.of(network.node(), virtual)) {
                assertThatThrownBy(() -> none.newThread(() -> {})).hasMessageContaining("platform threads, not VirtualThread");
            }
        }
    }

    /** Its thread would run the tasks of the whole process in the namespace. */
    @Test
    void aThreadOfAPoolThatWasBornThereIsReported(PodNetwork network) throws Exception {
        NamespaceThreads threads = NamespaceThreads.of(network.pod(0).namespace(), Thread::new);
        ForkJoinPool pool = new ForkJoinPool(1);
        threads.executor().submit(() -> pool.submit(() -> {}).get()).get();

        assertThatThrownBy(threads::close).isInstanceOf(IllegalStateException.class).hasMessageContaining("threads of pools were born in " + network.pod(0).namespace())
                .hasMessageContaining("[ForkJoinPool-").hasMessageContaining("use send on the executor");
        pool.shutdown();
        assertThat(pool.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void threadsOfAnExecutorThatIsStillInUseAreNamed(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NamespaceThreads threads = NamespaceThreads.of(pod, work -> new Thread(work, "kept"));
        ExecutorService pool = Executors.newFixedThreadPool(1, threads);
        assertThat(pool.submit(NamespaceThreadsTest::whereAmI).get()).isEqualTo(pod.identity().toString());

        assertThatThrownBy(() -> threads.closeWithin(Duration.ofMillis(1))).isInstanceOf(IllegalStateException.class)
                .hasMessage("threads still live in " + pod + ": [kept]; shut down the executors and event loops that use them before");
        pool.shutdown();
        threads.close();
        assertThat(Tool.run(pod, "true")).isEmpty();
    }
}
