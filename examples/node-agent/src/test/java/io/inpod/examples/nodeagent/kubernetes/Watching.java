package io.inpod.examples.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/** A started source, whose changes a test can wait for. */
final class Watching implements AutoCloseable, PodSource.Listener {
    static final ListWatch.Times TIMES = new ListWatch.Times(Duration.ofSeconds(20), Duration.ofSeconds(5), Duration.ofSeconds(5),
            Duration.ofMillis(10), Duration.ofMillis(100));
    static final WriteBack.Times WRITING = new WriteBack.Times(Duration.ofSeconds(5), Duration.ofMillis(10), Duration.ofMillis(100),
            Duration.ZERO, Duration.ZERO);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final KubernetesPods source;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition told = lock.newCondition();
    private final Set<String> changes = new java.util.TreeSet<>();

    Watching(Path folder, FakeApi api, ListWatch.Times times) throws IOException {
        this(ApiAccess.kubeconfig(kubeconfig(folder, api)), times);
    }

    Watching(ApiAccess access, ListWatch.Times times) throws IOException {
        source = new KubernetesPods(access, Objects.NODE, new Selection(Set.of("kube-system")), times, WRITING);
        source.start(this);
    }

    static Path kubeconfig(Path folder, FakeApi api) throws IOException {
        return Files.writeString(folder.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: test
                contexts: [{name: test, context: {cluster: test, user: someone}}]
                clusters: [{name: test, cluster: {server: "http://127.0.0.1:%d"}}]
                users: [{name: someone, user: {token: secret}}]
                """.formatted(api.port()));
    }

    @Override
    public void changed(String uid) {
        lock.lock();
        try {
            changes.add(uid);
            told.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void synced() {
        changed("(synced)");
    }

    /** Waits until a condition holds, looking again whenever the source tells of a change. */
    void until(BooleanSupplier condition, String what) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                assertThat(deadline - System.nanoTime()).as("in time: %s; told of %s", what, changes).isPositive();
                told.await(20, TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    void untilSynced() throws InterruptedException {
        until(() -> source.synced() && changes.contains("(synced)"), "synced");
    }

    void untilPods(String... uids) throws InterruptedException {
        until(() -> uids().equals(Set.of(uids)), "pods " + Set.of(uids));
    }

    Set<String> uids() {
        return source.pods().stream().map(MeshPod::uid).collect(Collectors.toSet());
    }

    boolean wasTold(String uid) {
        lock.lock();
        try {
            return changes.contains(uid);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
