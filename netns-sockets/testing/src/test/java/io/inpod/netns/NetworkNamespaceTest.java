package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Pods(2)
class NetworkNamespaceTest {
    private static String whereAmI() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    @Test
    void runsTheBodyInsideAndReturns(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        String home = whereAmI();

        String inside = pod.call(NetworkNamespaceTest::whereAmI);

        assertThat(inside).isEqualTo(pod.identity().toString()).isNotEqualTo(home);
        assertThat(whereAmI()).isEqualTo(home);
    }

    @Test
    void nests(PodNetwork network) throws IOException {
        NetworkNamespace outer = network.pod(0).namespace();
        NetworkNamespace inner = network.pod(1).namespace();

        List<String> places = outer.call(() -> {
            List<String> seen = new ArrayList<>();
            seen.add(whereAmI());
            seen.add(inner.call(NetworkNamespaceTest::whereAmI));
            seen.add(whereAmI());
            return seen;
        });

        assertThat(places).containsExactly(outer.identity().toString(), inner.identity().toString(), outer.identity().toString());
    }

    @Test
    void theBodysExceptionSurvives(PodNetwork network) throws IOException {
        String home = whereAmI();

        assertThatThrownBy(() -> network.pod(0).namespace().call(() -> {
                    throw new IllegalArgumentException("from the body");
                }))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("from the body");
        assertThat(whereAmI()).isEqualTo(home);
    }

    @Test
    void aSocketBelongsToTheNamespaceItWasCreatedIn(PodNetwork network) throws IOException {
        try (ServerSocketChannel server = network.pod(0).namespace().call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress("0.0.0.0", 8080));

            assertThat(Tool.run(network.pod(0).namespace(), "ss", "-Hlnt")).contains(":8080");
            assertThat(Tool.run(network.pod(1).namespace(), "ss", "-Hlnt")).isBlank();
            try (Socket client = network.pod(1).namespace().call(() -> java.nio.channels.SocketChannel.open()).socket()) {
                client.connect(new InetSocketAddress(network.pod(0).address(), 8080));
                try (Socket accepted = server.accept().socket()) {
                    assertThat(accepted.getInetAddress()).isEqualTo(network.pod(1).address());
                }
            }
        }
    }

    @Test
    void aNamespaceIsEqualToItselfHoweverItWasOpened(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        int number = pod.fd().acquire();
        try (NetworkNamespace duplicate = pod.duplicate();
                NetworkNamespace byPath = NetworkNamespace.open(Path.of("/proc/self/fd/" + number));
                NetworkNamespace adopted = NetworkNamespace.adopt(pod.fd().duplicate())) {
            assertThat(List.of(duplicate, byPath, adopted)).allMatch(pod::equals);
            assertThat(pod).isNotEqualTo(network.pod(1).namespace());
        } finally {
            pod.fd().release();
        }
    }

    @Test
    void opensANamespaceByNameAndByProcess() throws Exception {
        try (NetworkNamespace own = NetworkNamespace.current();
                NetworkNamespace created = NetworkNamespace.create("named")) {
            try (NetworkNamespace byName = NetworkNamespace.named("named")) {
                assertThat(byName).isEqualTo(created);
                assertThat(Tool.run(own, "ip", "netns", "list")).contains("named");
                assertThatThrownBy(() -> NetworkNamespace.create("named")).isInstanceOf(java.nio.file.FileAlreadyExistsException.class);
            } finally {
                NetworkNamespace.delete("named");
            }
            assertThat(Tool.run(own, "ip", "netns", "list")).doesNotContain("named");
            Process inside = new ProcessBuilder(Tool.inside(created, "sleep", "1000")).start();
            try {
                // nsenter becomes sleep once it has entered
                for (Path name = Path.of("/proc/" + inside.pid() + "/comm"); !Files.readString(name).startsWith("sleep"); ) {
                    Thread.onSpinWait();
                }
                try (NetworkNamespace byProcess = NetworkNamespace.ofProcess(inside.pid())) {
                    assertThat(byProcess).isEqualTo(created);
                }
            } finally {
                inside.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void worksWhileOnlyTheDescriptorHoldsIt() throws IOException {
        try (NetworkNamespace created = NetworkNamespace.create("short-lived")) {
            NetworkNamespace.delete("short-lived");

            assertThat(created.<String, IOException>call(NetworkNamespaceTest::whereAmI)).isEqualTo(created.identity().toString());
        }
    }

    @Test
    void anythingButANetworkNamespaceIsRefusedByKind(@TempDir Path directory) throws IOException {
        Path file = Files.createFile(directory.resolve("regular"));

        assertThatThrownBy(() -> NetworkNamespace.open(file))
                .isInstanceOf(NotANetworkNamespaceException.class)
                .hasMessageContaining(file + " is not a network namespace but a regular file");
        assertThatThrownBy(() -> NetworkNamespace.open(directory)).hasMessageContaining("a directory");
        assertThatThrownBy(() -> NetworkNamespace.open(Path.of("/dev/null"))).hasMessageContaining("a character device");
        assertThatThrownBy(() -> NetworkNamespace.open(Path.of("/proc/self/ns/mnt"))).hasMessageContaining("a mount namespace");
        assertThatThrownBy(() -> NetworkNamespace.open(Path.of("/proc/self/ns/user"))).hasMessageContaining("a user namespace");
        assertThatThrownBy(() -> NetworkNamespace.open(directory.resolve("gone")))
                .hasMessageContaining("open on " + directory.resolve("gone"))
                .hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> NetworkNamespace.named("nobody")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> NetworkNamespace.named("../etc")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aClosedNamespaceRefuses(PodNetwork network) throws IOException {
        NetworkNamespace closed = network.pod(0).namespace().duplicate();
        closed.close();
        closed.close();

        assertThatThrownBy(() -> closed.call(NetworkNamespaceTest::whereAmI)).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void manyThreadsSwitchAtOnce(PodNetwork network) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(50);
        try {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                NetworkNamespace pod = network.pod(i % 2).namespace();
                Callable<Boolean> check = () -> pod.call(NetworkNamespaceTest::whereAmI).equals(pod.identity().toString());
                results.add(threads.submit(check));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aVirtualThreadIsRefused(PodNetwork network) throws Exception {
        java.lang.reflect.Method start;
        try {
            start = Thread.class.getMethod("startVirtualThread", Runnable.class);
        } catch (NoSuchMethodException e) {
            assertThat(Runtime.version().feature()).as("this Java has no virtual threads").isLessThan(21);
            return;
        }
        Throwable[] thrown = new Throwable[1];
        Runnable body = () -> {
            try {
                network.pod(0).namespace().call(NetworkNamespaceTest::whereAmI);
            } catch (Throwable e) {
                thrown[0] = e;
            }
        };

        invoke(start, body).join();

        assertThat(thrown[0]).isInstanceOf(IllegalStateException.class).hasMessageContaining("platform thread");
    }

    private static Thread invoke(java.lang.reflect.Method start, Runnable body) throws IllegalAccessException {
        try {
            return (Thread) start.invoke(null, body);
        } catch (InvocationTargetException e) {
            throw new AssertionError(e.getCause());
        }
    }

    @Test
    void theLeakCheckFindsAThreadThatTheBodyStarted(PodNetwork network) throws Exception {
        LeakCheck check = LeakCheck.begin();
        Thread[] stray = new Thread[1];
        Object wait = new Object();
        assertThatThrownBy(() -> network.pod(0).namespace().call(() -> {
                    stray[0] = new Thread(() -> {
                        synchronized (wait) {
                            try {
                                wait.wait();
                            } catch (InterruptedException e) {
                                // its signal to end
                            }
                        }
                    });
                    stray[0].start();
                    return null;
                })).hasMessageContaining("threads were started");

        assertThatThrownBy(() -> check.verify(Duration.ofMillis(100))).hasMessageContaining("thread ").hasMessageContaining(network.pod(0).namespace().identity().toString());
        stray[0].interrupt();
        stray[0].join();
        check.verify();
    }

    @Test
    void aMissingPrivilegeIsExplained() throws IOException {
        Path own = Path.of("/proc/1/ns/net");
        SystemCallException refused = new SystemCallException("setns", own.toString(), 1, "EPERM", "Operation not permitted");

        assertThat(refused).hasMessage("setns on /proc/1/ns/net failed: Operation not permitted (EPERM, 1); this needs CAP_SYS_ADMIN in the"
                + " user namespace that owns the namespace (run as root, or everything inside `unshare -Ur`); io.inpod.netns.doctor.Doctor reports what is missing");
    }
}
