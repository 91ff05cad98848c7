package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.testing.Pods;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SchemePortResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.io.HttpClientConnectionOperator;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.junit.jupiter.api.Test;

/** Apache HttpClient 5 takes a factory of sockets and a resolver in what it calls a connection operator. */
@Pods(0)
class ApacheHttpClientTest {
    static CloseableHttpClient client(NetworkNamespace pod, NamespaceResolver names) {
        // docs/clients.md: begin
        var connections = new PoolingHttpClientConnectionManagerBuilder() {
            @Override
            protected HttpClientConnectionOperator createConnectionOperator(SchemePortResolver ports, DnsResolver dns, TlsSocketStrategy tls) {
                return new DefaultHttpClientConnectionOperator(proxy -> JdkSockets.client(pod).createSocket(), ports, dns,
                        RegistryBuilder.<TlsSocketStrategy>create().register("https", tls).build());
            }
        };
        CloseableHttpClient client = HttpClients.custom().setConnectionManager(connections.setDnsResolver(new SystemDefaultDnsResolver() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                return names.lookUp(host).toArray(InetAddress[]::new);
            }
        }).build()).build(); // one for each pod: a client keeps connections
        // docs/clients.md: end
        return client;
    }

    @Test
    void eachPodAnswersItsOwnClient() throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20); Loops loops = new Loops()) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                try (NamespaceResolver names = NamespaceResolver.open(pod, Lookalikes.DNS, loops.group()); CloseableHttpClient client = client(pod, names)) {
                    for (String host : new String[] {"web.test", Lookalikes.ADDRESS}) {
                        String answer = client.execute(new HttpGet("http://" + host + ":8080/"), response -> EntityUtils.toString(response.getEntity()));
                        assertThat(answer).isEqualTo(Lookalikes.name(i));
                    }
                }
            }
        }
    }
}
