package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NotANetworkNamespaceException;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod vanishes while rules are repeatedly applied to it: each attempt succeeds or fails with an error that names it, without leaks. */
class VanishingNamespaceTest {
    private static final long LIMIT_SECONDS = 100;

    private LeakCheck leaks;

    @BeforeEach
    void remember() throws Exception {
        try (NetworkNamespace first = Kernel.namespace()) {
            Tool.run(first, "true"); // starting its first process makes the JDK create a thread that stays
        }
        leaks = LeakCheck.begin();
    }

    @AfterEach
    void nothingStays() throws Exception {
        leaks.verify();
    }

    /** One of many attempts to apply the rules. */
    private interface Application {
        void run(int number) throws IOException;
    }

    /** Applies the rules until that fails, and returns the failure. */
    private static FutureTask<IOException> untilItFails(CountDownLatch underWay, Application application) {
        FutureTask<IOException> task = new FutureTask<>(() -> {
            for (int i = 0; ; i++) {
                try {
                    application.run(i);
                } catch (IOException e) {
                    return e;
                }
                underWay.countDown();
            }
        });
        new Thread(task, "applier").start();
        return task;
    }

    private static void apply(String backend, NetworkNamespace pod, int version) throws IOException {
        Backend by = Backends.named(backend).orElseThrow();
        by.apply(pod, PodRules.NAMES, ApplyForEver.rules(version, by));
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertThat(latch.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    /** Opens the namespace by name each time, as a command does. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void whoseNameIsDeleted(String backend) throws Exception {
        String name = "inpod-vanishing-" + ProcessHandle.current().pid();
        NetworkNamespace.create(name).close();
        CountDownLatch underWay = new CountDownLatch(2);
        FutureTask<IOException> applier = untilItFails(underWay, i -> {
            try (NetworkNamespace pod = NetworkNamespace.named(name)) {
                apply(backend, pod, i % 2);
            }
        });
        await(underWay);
        NetworkNamespace.delete(name);
        assertThat(applier.get(LIMIT_SECONDS, TimeUnit.SECONDS)).hasMessageContaining(name)
                .isInstanceOfAny(NoSuchFileException.class, NotANetworkNamespaceException.class); // the latter while unmounted
    }

    /** The applier's {@code NetworkNamespace} keeps the namespace alive without any process or name. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void whoseLastProcessIsKilled(String backend) throws Exception {
        try (ChildProcess last = ChildProcess.start(List.of("unshare", "--net", "sh", "-c", "echo ready; exec sleep 600"));
                NetworkNamespace pod = opened(last)) {
            CountDownLatch underWay = new CountDownLatch(2);
            CountDownLatch alone = new CountDownLatch(1);
            FutureTask<IOException> applier = untilItFails(underWay, i -> {
                if (alone.getCount() == 0) {
                    throw new IOException("enough");
                }
                apply(backend, pod, i % 2);
            });
            await(underWay);
            last.handle().destroyForcibly();
            last.awaitExit();
            apply(backend, pod, 1);
            alone.countDown();
            assertThat(applier.get(LIMIT_SECONDS, TimeUnit.SECONDS)).hasMessage("enough");
            apply(backend, pod, 0);
            Backend by = Backends.named(backend).orElseThrow();
            assertThat(Differences.between(by.read(pod, PodRules.NAMES), ApplyForEver.rules(0, by))).isEmpty();
        }
    }

    private static NetworkNamespace opened(ChildProcess process) throws IOException {
        process.expect("ready");
        return NetworkNamespace.ofProcess(process.handle().pid());
    }

    /** Another thread closes the value: the operation in progress may succeed or fail, and none can begin afterwards. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void thatSomebodyCloses(String backend) throws Exception {
        NetworkNamespace pod = Kernel.namespace();
        try {
            CountDownLatch underWay = new CountDownLatch(2);
            FutureTask<IOException> applier = untilItFails(underWay, i -> apply(backend, pod, i % 2));
            await(underWay);
            pod.close();
            IOException failure = applier.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(failure).hasMessageContaining(pod.toString()).hasMessageContaining("closed");
        } finally {
            pod.close();
        }
    }
}
