package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.Pods;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import org.junit.jupiter.api.Test;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;

/** Reactor Netty lets its loop resources construct the channels. The event loops stay outside, and may serve all pods. */
@Pods(0)
class ReactorNettyTest {
    // docs/clients.md: begin
    record PodLoops(NetworkNamespace pod, EventLoopGroup loops) implements LoopResources {
        @Override
        public EventLoopGroup onServer(boolean useNative) {
            return loops; // for clients too
        }

        @Override
        public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
            return type.cast(NettyChannels.client(pod).newChannel()); // fails loudly for anything but TCP
        }
    }

    static HttpClient client(NetworkNamespace pod, EventLoopGroup loops, NamespaceResolver names, ConnectionProvider connections) {
        return HttpClient.create(connections) // one for each pod: it keeps connections
                .runOn(new PodLoops(pod, loops))
                .resolver(names.group());
    }
    // docs/clients.md: end

    @Test
    void eachPodAnswersItsOwnClient() throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20); Loops loops = new Loops()) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                ConnectionProvider connections = ConnectionProvider.create("pod");
                try (NamespaceResolver names = NamespaceResolver.open(pod, Lookalikes.DNS, loops.group())) {
                    HttpClient client = client(pod, loops.group(), names, connections);
                    for (String host : new String[] {"web.test", Lookalikes.ADDRESS}) {
                        assertThat(client.get().uri("http://" + host + ":8080/").responseContent().aggregate().asString().block())
                                .isEqualTo(Lookalikes.name(i));
                    }
                } finally {
                    connections.disposeLater().block();
                }
            }
        }
    }
}
