package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** OkHttp takes a factory of sockets and a resolver. */
@Pods(0)
class OkHttpTest {
    static OkHttpClient client(NetworkNamespace pod, NamespaceResolver names) {
        // docs/clients.md: begin
        OkHttpClient client = new OkHttpClient.Builder()
                .socketFactory(JdkSockets.client(pod))
                .dns(names::lookUp)
                .build(); // one for each pod: a client keeps connections
        // docs/clients.md: end
        return client;
    }

    @Test
    void eachPodAnswersItsOwnClient() throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20); Loops loops = new Loops()) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                try (NamespaceResolver names = NamespaceResolver.open(pod, Lookalikes.DNS, loops.group())) {
                    OkHttpClient client = client(pod, names);
                    assertThat(get(client, "http://web.test:8080/")).isEqualTo(Lookalikes.name(i));
                    assertThat(get(client, "http://" + Lookalikes.ADDRESS + ":8080/")).isEqualTo(Lookalikes.name(i));
                    client.connectionPool().evictAll();
                }
            }
        }
    }

    private static String get(OkHttpClient client, String url) throws IOException {
        try (Response response = client.newCall(new Request.Builder().url(url).build()).execute()) {
            return response.body().string();
        }
    }
}
