package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.Pods;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** gRPC takes a factory of channels, and addresses that have been looked up. */
@Pods(0)
class GrpcClientTest {
    static ManagedChannel channel(NetworkNamespace pod, NamespaceResolver names, EventLoopGroup loops) throws IOException {
        // docs/clients.md: begin
        var server = new InetSocketAddress(names.lookUp("web.test").get(0), 50051); // gRPC would look it up outside
        ManagedChannel channel = NettyChannelBuilder.forAddress(server)
                .channelFactory(NettyChannels.client(pod)).eventLoopGroup(loops)
                .usePlaintext().build();
        // docs/clients.md: end
        return channel;
    }

    @Test
    void eachPodAnswersItsOwnClient() throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20); Loops loops = new Loops()) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                try (NamespaceResolver names = NamespaceResolver.open(pod, Lookalikes.DNS, loops.group())) {
                    ManagedChannel channel = channel(pod, names, loops.group());
                    assertThat(ClientCalls.blockingUnaryCall(channel, GrpcServer.HELLO, CallOptions.DEFAULT, "")).isEqualTo(Lookalikes.name(i));
                    assertThat(channel.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)).isTrue();
                }
            }
        }
    }
}
