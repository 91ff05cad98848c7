package io.inpod.examples.ztunnel.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Name look-ups with name servers that don't answer. */
@Timeout(60)
class NameLookupsTest {
    private static final int THREADS = 8;

    private final ExecutorService executor = Executors.newFixedThreadPool(THREADS);
    private final CountDownLatch answer = new CountDownLatch(1);
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    private final BlockingQueue<String> begun = new LinkedBlockingQueue<>();
    private final NameLookups names = new NameLookups(executor, THREADS, name -> {
        asked.add(name);
        begun.add(name);
        if (name.startsWith("slow")) {
            try {
                answer.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new UnknownHostException(name);
        }
        return List.of(InetAddress.getLoopbackAddress());
    });

    @AfterEach
    void stop() throws InterruptedException {
        executor.shutdownNow();
        assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    private static NameLookups.LookUp start(NameLookups.OfPod pod, String name, BlockingQueue<String> results) {
        return Objects.requireNonNull(pod.start(name, address -> results.add(name + (address.isEmpty() ? " unknown" : " found"))));
    }

    @Test
    void slowNamesOfOnePodOccupyHalfOfTheThreads() throws Exception {
        NameLookups.OfPod slow = names.pod();
        BlockingQueue<String> results = new LinkedBlockingQueue<>();
        for (int i = 0; i < 100; i++) {
            start(slow, "slow" + i, results);
        }
        List<String> first = new ArrayList<>(); // each on a thread of its own, so in any order
        for (int i = 0; i < THREADS / 2; i++) {
            first.add(begun.take());
        }
        assertThat(first).containsExactlyInAnyOrder("slow0", "slow1", "slow2", "slow3");
        NameLookups.OfPod other = names.pod();
        for (int i = 0; i < 50; i++) {
            start(other, "quick" + i, results);
        }
        for (int i = 0; i < 50; i++) {
            assertThat(results.take()).startsWith("quick").endsWith(" found");
        }
        assertThat(slow.waiting()).isEqualTo(100 - THREADS / 2);

        answer.countDown();
        for (int i = 0; i < 100; i++) {
            assertThat(results.take()).startsWith("slow").endsWith(" unknown");
        }
        assertThat(slow.waiting()).isZero();
        assertThat(slow.refusals()).isZero();
    }

    @Test
    void aQueueIsBoundedAndWhatNobodyWaitsForIsDropped() throws Exception {
        NameLookups.OfPod pod = names.pod();
        BlockingQueue<String> results = new LinkedBlockingQueue<>();
        List<NameLookups.LookUp> started = new ArrayList<>();
        for (int i = 0; i < 100 + THREADS / 2; i++) {
            started.add(start(pod, "slow" + i, results));
        }
        assertThat(pod.start("slow too many", address -> {})).isNull();
        assertThat(pod.refusals()).isEqualTo(1);
        for (int i = 0; i < THREADS / 2; i++) {
            begun.take();
        }

        started.forEach(NameLookups.LookUp::cancel);
        assertThat(pod.waiting()).isZero();
        start(pod, "quick", results);
        answer.countDown();

        for (String next = results.take(); !next.equals("quick found"); next = results.take()) {
            assertThat(next).startsWith("slow");
        }
        assertThat(asked).hasSize(THREADS / 2 + 1);
    }

    @Test
    void podsTakeTurns() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        NameLookups inTurn = new NameLookups(one, 1, name -> {
            try {
                answer.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return List.of(InetAddress.getLoopbackAddress());
        });
        BlockingQueue<String> results = new LinkedBlockingQueue<>();
        NameLookups.OfPod first = inTurn.pod();
        for (int i = 0; i < 20; i++) {
            start(first, "of the first", results);
        }
        start(inTurn.pod(), "of the second", results);
        answer.countDown();

        assertThat(List.of(results.take(), results.take(), results.take()))
                .containsExactly("of the first found", "of the first found", "of the second found");
        one.shutdown();
        assertThat(one.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
}
