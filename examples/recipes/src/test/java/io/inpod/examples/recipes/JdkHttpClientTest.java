package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NamespaceHolder;
import io.inpod.netns.NamespaceThreads;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The JDK's client takes neither a factory of sockets nor a resolver, so that it has to live in the namespace. */
@Pods(0)
class JdkHttpClientTest {
    static String get(NetworkNamespace pod, URI uri) throws Exception {
        // docs/clients.md: begin
        try (NamespaceThreads threads = NamespaceThreads.of(pod, Thread::new)) {
            return threads.executor().submit(() -> { // build it and call it on these threads only
                HttpClient client = HttpClient.newBuilder().executor(threads.executor()).build();
                String body = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body(); // not sendAsync
                if (client instanceof AutoCloseable closeable) { // since Java 21
                    closeable.close();
                }
                return body;
            }).get();
        }
        // docs/clients.md: end
    }

    @Test
    void eachPodAnswersItsOwnClient() throws Exception {
        ExecutorService callers = Executors.newCachedThreadPool();
        try (Lookalikes lookalikes = new Lookalikes(20)) {
            List<Future<String>> answers = new ArrayList<>();
            for (NetworkNamespace pod : lookalikes.pods()) {
                answers.add(callers.submit(() -> get(pod, URI.create("http://" + Lookalikes.ADDRESS + ":8080/"))));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get()).isEqualTo(Lookalikes.name(i));
            }
            for (NetworkNamespace pod : lookalikes.pods()) {
                while (hasThreads(pod)) { // on Java 17 the selector's thread ends some time after its client isn't reachable any more
                    System.gc();
                    TimeUnit.MILLISECONDS.sleep(50);
                }
            }
        } finally {
            callers.shutdown();
        }
    }

    private static boolean hasThreads(NetworkNamespace pod) throws IOException {
        long self = ProcessHandle.current().pid();
        return NamespaceHolder.of(pod).stream().anyMatch(holder -> holder.kind() == NamespaceHolder.Kind.THREAD && holder.pid() == self);
    }
}
