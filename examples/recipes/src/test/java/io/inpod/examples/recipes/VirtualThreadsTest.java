package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NamespaceExecutor;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.testing.Pods;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A virtual thread can't enter a namespace, but it may use what an executor has made there. */
@Pods(0)
class VirtualThreadsTest {
    static List<Future<String>> ask(List<NetworkNamespace> pods, InetAddress server, NamespaceExecutor sockets, ExecutorService virtual) {
        List<Future<String>> answers = new ArrayList<>();
        // docs/clients.md: begin
        // sockets = NamespaceExecutor.create(1, Thread::new), virtual = Executors.newVirtualThreadPerTaskExecutor()
        for (NetworkNamespace pod : pods) {
            answers.add(virtual.submit(() -> {
                try (Socket socket = JdkSockets.client(pod, sockets).createSocket(server, 8080)) {
                    socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
                    return lastLine(socket);
                }
            }));
        }
        // docs/clients.md: end
        return answers;
    }

    private static String lastLine(Socket socket) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream()));
        while (!lines.readLine().isEmpty()) {
            // a header
        }
        char[] body = new char[100];
        return new String(body, 0, lines.read(body));
    }

    /** On Java 17, which has none, an executor of platform threads. */
    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        return Runtime.version().feature() < 21 ? Executors.newCachedThreadPool()
                : (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    /** With the first virtual thread that waits for a socket, the JDK opens event queues, which it keeps. */
    @BeforeAll
    static void openEventQueues() throws Exception {
        ExecutorService virtual = virtualThreads();
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = virtual.submit(() -> new Socket(listener.getInetAddress(), listener.getLocalPort())).get();
                Socket accepted = listener.accept()) {
            Future<Integer> read = virtual.submit(() -> client.getInputStream().read());
            accepted.getOutputStream().write(1);
            read.get();
        }
        virtual.shutdown();
    }

    @Test
    void eachPodAnswersItsOwnThread() throws Exception {
        ExecutorService virtual = virtualThreads();
        try (Lookalikes lookalikes = new Lookalikes(20); NamespaceExecutor sockets = NamespaceExecutor.create(1, Thread::new)) {
            List<Future<String>> answers = ask(lookalikes.pods(), InetAddress.getByName(Lookalikes.ADDRESS), sockets, virtual);
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(Lookalikes.name(i));
            }
        } finally {
            virtual.shutdown();
        }
    }
}
