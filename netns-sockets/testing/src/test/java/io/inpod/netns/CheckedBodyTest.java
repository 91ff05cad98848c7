package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.Test;

/** What a body leaves to be done later is done in the namespace, or is an error that says what to do instead. */
@Pods(0)
class CheckedBodyTest {
    private static String greeting(Socket socket) throws IOException {
        try (socket) {
            socket.connect(Lookalikes.greeter(), 20_000);
            socket.getOutputStream().write("hello\n".getBytes());
            return new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
        }
    }

    @Test
    void aSocketThatABodyReturnsBelongsToTheNamespace(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20); NamespaceExecutor executor = NamespaceExecutor.create(1, Thread::new)) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                assertThat(greeting(pod.<Socket, IOException>call(Socket::new))).isEqualTo("pod-" + i);
                assertThat(greeting(pod.<Socket, IOException>call(() -> SocketFactory.getDefault().createSocket()))).isEqualTo("pod-" + i);
                assertThat(greeting(executor.call(pod, Socket::new).toCompletableFuture().join())).isEqualTo("pod-" + i);
                try (ServerSocket listener = pod.<ServerSocket, IOException>call(ServerSocket::new)) {
                    listener.bind(new InetSocketAddress(8090));
                    assertThat(Tool.run(pod, "ss", "-Hlnt")).contains(":8090");
                }
            }
            NetworkNamespace pod = lookalikes.pods().get(0);
            try (Socket tls = pod.<Socket, IOException>call(() -> SSLSocketFactory.getDefault().createSocket())) {
                tls.connect(Lookalikes.greeter());
                assertThat(Tool.run(pod, "ss", "-Hntp", "dport", "=", "7")).contains("10.99.0.1]:7");
            }
            assertThat(greeting(new Socket())).as("the decoy").isEqualTo("host");
        }
    }

    @Test
    void aStartedThreadIsReportedAndTheResultClosed(PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        CountDownLatch end = new CountDownLatch(1);
        List<SocketChannel> opened = new ArrayList<>();
        NamespaceBody<SocketChannel, IOException> starting = () -> {
            new Thread(() -> await(end), "born there").start();
            opened.add(SocketChannel.open());
            return opened.get(0);
        };

        assertThatThrownBy(() -> node.call(starting)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("threads were started in " + node).hasMessageContaining("\"born there\" (thread id ")
                .hasMessageContaining("NamespaceThreads");
        assertThat(opened.get(0).isOpen()).isFalse();
        node.run(() -> {}); // the calling thread isn't lost

        end.countDown();
    }

    @Test
    void aThreadOfAnHttpClientIsReported(PodNetwork network) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:1/")).build();
        ExecutorService workers = Executors.newCachedThreadPool();
        HttpClient client = HttpClient.newBuilder().executor(workers).build();

        assertThatThrownBy(() -> network.node().call(() -> client.sendAsync(request, HttpResponse.BodyHandlers.discarding())))
                .hasMessageContaining("threads were started in " + network.node()).hasMessageContaining("\"pool-");
        workers.shutdown();
    }

    @Test
    void aThreadOfAPoolIsReported(PodNetwork network) throws Exception {
        ForkJoinPool pool = new ForkJoinPool(1);

        assertThatThrownBy(() -> network.node().call(() -> pool.submit(() -> "")))
                .hasMessageContaining("threads were started in " + network.node()).hasMessageContaining("\"ForkJoinPool-");
        pool.shutdown();
    }

    @Test
    void theBodysExceptionIsKept(PodNetwork network) throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        assertThatThrownBy(() -> network.node().run(() -> {
                    new Thread(() -> await(end)).start();
                    throw new IOException("from the body");
                }))
                .isInstanceOf(IOException.class).hasMessage("from the body")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1).allSatisfy(problem -> assertThat(problem).hasMessageContaining("threads were started in")));
        end.countDown();
    }

    @Test
    void aUrlConnectionIsRefused(PodNetwork network) throws Exception {
        assertThatThrownBy(() -> network.node().call(() -> URI.create("http://127.0.0.1:1/").toURL().openConnection()))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("URLConnection").hasMessageContaining("JdkSockets.client(namespace)");
    }

    /** Threads that start elsewhere, visit the same namespace or live in it are nobody's fault. */
    @Test
    @Pods(1)
    void otherThreadsDoNotDisturb(PodNetwork network) throws Exception {
        NetworkNamespace visited = network.node();
        NetworkNamespace inhabited = network.pod(0).namespace();
        Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
        AtomicBoolean ended = new AtomicBoolean();
        try (NetworkNamespace own = NetworkNamespace.current()) {
            List<Thread> threads = new ArrayList<>();
            for (NetworkNamespace namespace : List.of(visited, visited, inhabited, own)) {
                threads.add(new Thread(() -> {
                    try {
                        for (int i = 0; i < 5000; i++) {
                            namespace.<SocketChannel, IOException>call(SocketChannel::open).close();
                        }
                    } catch (IOException | RuntimeException | Error e) {
                        wrong.add(e);
                    }
                }));
            }
            Thread starting = new Thread(() -> {
                while (!ended.get()) {
                    start(() -> {
                        try {
                            visited.run(() -> {});
                        } catch (IOException | RuntimeException | Error e) {
                            wrong.add(e);
                        }
                    }).start();
                    try (NamespaceThreads residents = NamespaceThreads.of(inhabited, Thread::new)) {
                        residents.executor().submit(() -> start(Thread::yield).start()).get();
                    } catch (Exception | Error e) {
                        wrong.add(e);
                    }
                }
            });
            starting.start();
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            ended.set(true);
            starting.join();
        }
        assertThat(wrong).isEmpty();
    }

    private static Thread start(Runnable work) {
        return new Thread(work);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
