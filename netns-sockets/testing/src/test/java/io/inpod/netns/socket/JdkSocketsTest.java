package io.inpod.netns.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NamespaceExecutor;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

@Pods(0)
class JdkSocketsTest {
    private static final InetAddress ADDRESS = Lookalikes.greeter().getAddress();

    /** With the first virtual thread that waits for a socket, the JDK opens event queues, which it keeps. */
    @BeforeAll
    static void openEventQueues() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<String> waited = new CompletableFuture<>();
            onVirtualThread(() -> {
                try {
                    waited.complete(greeting(new Socket(listener.getInetAddress(), listener.getLocalPort())));
                } catch (IOException e) {
                    waited.completeExceptionally(e);
                }
            });
            try (Socket accepted = listener.accept()) {
                accepted.getOutputStream().write(accepted.getInputStream().readNBytes(6));
            }
            assertThat(waited.get(30, TimeUnit.SECONDS)).isEqualTo("hello");
        }
    }

    /** Returns the name of the server that a socket has reached. */
    private static String greeting(Socket connected) throws IOException {
        try (connected) {
            connected.setSoTimeout(20_000);
            connected.getOutputStream().write("hello\n".getBytes());
            return new BufferedReader(new InputStreamReader(connected.getInputStream())).readLine();
        }
    }

    /** The sockets are made and connected by different threads, neither of which is in a namespace. */
    @Test
    void connectWhereTheyWereMade(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20)) {
            List<SocketFactory> factories = lookalikes.pods().stream().map(JdkSockets::client).toList();
            List<CompletableFuture<String>> answers = new ArrayList<>();
            for (SocketFactory factory : factories) {
                Socket socket = factory.createSocket();
                assertThat(socket.isBound() || socket.isConnected()).isFalse();
                answers.add(CompletableFuture.supplyAsync(() -> {
                    try {
                        socket.connect(Lookalikes.greeter(), 20_000);
                        return greeting(socket);
                    } catch (IOException e) {
                        return e.toString();
                    }
                }));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isEqualTo("pod-" + i);
                SocketFactory factory = factories.get(i);
                assertThat(greeting(factory.createSocket(ADDRESS, Lookalikes.GREETER))).isEqualTo("pod-" + i);
                assertThat(greeting(factory.createSocket(Lookalikes.ADDRESS, Lookalikes.GREETER))).isEqualTo("pod-" + i);
                assertThat(greeting(factory.createSocket(Lookalikes.ADDRESS, Lookalikes.GREETER, ADDRESS, 0))).isEqualTo("pod-" + i);
                assertThat(greeting(factory.createSocket(ADDRESS, Lookalikes.GREETER, ADDRESS, 0))).isEqualTo("pod-" + i);
            }
            assertThat(greeting(SocketFactory.getDefault().createSocket(ADDRESS, Lookalikes.GREETER))).as("the decoy").isEqualTo("host");
        }
    }

    @Test
    void areMadeByTheNameOfTheNamespace(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(2)) {
            SocketFactory factory = new NamedSocketFactory(Tool.pathOf(lookalikes.pods().get(1)).toString());
            LeakCheck leaks = LeakCheck.begin();
            Socket unconnected = factory.createSocket();
            unconnected.connect(Lookalikes.greeter());
            assertThat(greeting(unconnected)).isEqualTo("pod-1");
            assertThat(greeting(factory.createSocket(ADDRESS, Lookalikes.GREETER))).isEqualTo("pod-1");
            assertThat(greeting(factory.createSocket(Lookalikes.ADDRESS, Lookalikes.GREETER))).isEqualTo("pod-1");
            assertThat(greeting(factory.createSocket(Lookalikes.ADDRESS, Lookalikes.GREETER, ADDRESS, 0))).isEqualTo("pod-1");
            assertThat(greeting(factory.createSocket(ADDRESS, Lookalikes.GREETER, ADDRESS, 0))).isEqualTo("pod-1");
            assertThatThrownBy(new NamedSocketFactory("nosuch")::createSocket).isInstanceOf(NoSuchFileException.class)
                    .hasMessageContaining("no network namespace of that name");
            leaks.verify();
        }
    }

    @Test
    @Pods(2)
    void listenWhereTheyWereMade(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        ServerSocketFactory factory = JdkSockets.server(pod);
        try (ServerSocket later = factory.createServerSocket();
                ServerSocket any = factory.createServerSocket(8081);
                ServerSocket backlog = factory.createServerSocket(8082, 77);
                ServerSocket address = factory.createServerSocket(8083, 78, network.pod(0).address())) {
            later.bind(new InetSocketAddress(8080));
            assertThat(Tool.run(pod, "ss", "-Hlnt")).contains(":8080", ":8081").containsPattern("LISTEN +0 +77 +\\S*:8082")
                    .containsPattern("LISTEN +0 +78 +\\S*10.77.0.2\\S*:8083").hasLineCount(4);
            assertThat(List.of(any, backlog, address)).extracting(ServerSocket::getLocalPort).containsExactly(8081, 8082, 8083);

            try (ChildProcess client = ChildProcess.start(Tool.inside(network.pod(1).namespace(), "python3", "-c",
                    "import socket; s = socket.create_connection(('10.77.0.2', 8080), 20); s.sendall(b'hello'); s.close()"));
                    Socket accepted = later.accept()) {
                assertThat(accepted.getInputStream().readAllBytes()).asString().isEqualTo("hello");
                assertThat(accepted.getInetAddress()).isEqualTo(network.pod(1).address());
                assertThat(client.awaitExit()).isZero();
            }
        }
    }

    @Test
    void serveVirtualThreadsThroughAnExecutor(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(2); NamespaceExecutor executor = NamespaceExecutor.create(1, Thread::new)) {
            NetworkNamespace pod = lookalikes.pods().get(1);
            CompletableFuture<String> answer = new CompletableFuture<>();
            CompletableFuture<Throwable> refusal = new CompletableFuture<>();
            onVirtualThread(() -> {
                try (ServerSocket listener = JdkSockets.server(pod, executor).createServerSocket(8090)) {
                    answer.complete(Tool.run(pod, "ss", "-Hlnt").contains(":8090") + " "
                            + greeting(JdkSockets.client(pod, executor).createSocket(ADDRESS, Lookalikes.GREETER)) + listener.isClosed());
                } catch (IOException | RuntimeException e) {
                    answer.completeExceptionally(e);
                }
                try {
                    JdkSockets.client(pod).createSocket().close();
                    refusal.complete(null);
                } catch (IOException | RuntimeException e) {
                    refusal.complete(e);
                }
            });

            assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("true pod-1false");
            if (Runtime.version().feature() >= 21) {
                assertThat(refusal.get(30, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class).hasMessageContaining("NamespaceExecutor");
            }
        }
    }

    /** On Java 17, which has none, on a platform thread. */
    private static void onVirtualThread(Runnable work) throws ReflectiveOperationException {
        if (Runtime.version().feature() >= 21) {
            Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, work);
        } else {
            new Thread(work).start();
        }
    }

    @Test
    void failLoudlyAndLeaveNothing(PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        LeakCheck leaks = LeakCheck.begin();
        SocketFactory clients = JdkSockets.client(node);
        assertThatThrownBy(() -> clients.createSocket("localhost", 80)).isInstanceOf(UnknownHostException.class)
                .hasMessageContaining("localhost is a name").hasMessageContaining("NamespaceResolver");
        assertThatThrownBy(() -> clients.createSocket("127.0.0.1", 1)).isInstanceOf(java.net.ConnectException.class);
        assertThatThrownBy(() -> clients.createSocket("127.0.0.1", 70_000)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JdkSockets.server(node).createServerSocket(1, 1, InetAddress.getByName("10.1.2.3"))).isInstanceOf(java.net.BindException.class);
        NetworkNamespace closed = node.duplicate();
        closed.close();
        assertThatThrownBy(() -> JdkSockets.client(closed).createSocket()).isInstanceOf(IOException.class).hasMessageContaining("is closed");
        NamespaceExecutor ended = NamespaceExecutor.create(1, Thread::new);
        ended.close();
        assertThatThrownBy(() -> JdkSockets.server(node, ended).createServerSocket()).isInstanceOf(IOException.class)
                .hasMessage("no socket in " + node + ": the executor is closed");
        leaks.verify();
    }
}
