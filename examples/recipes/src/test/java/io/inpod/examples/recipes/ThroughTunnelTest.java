package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.inpod.hbone.Authority;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of independent servers, which they reach through a tunnel only: nothing else leads to the name {@code app}. */
@Pods(0)
class ThroughTunnelTest {
    private static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    private static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");

    private static ManagedChannel grpc(HboneClient hbone, HboneDestination peer, EventLoopGroup loops) {
        // docs/clients.md: begin
        var app = InetSocketAddress.createUnresolved("app", 50051); // for the peer to look up
        ManagedChannel channel = NettyChannelBuilder.forAddress(app)
                .channelFactory(hbone.channels(peer)).eventLoopGroup(loops)
                .usePlaintext().build(); // the tunnel has mutual TLS
        // docs/clients.md: end
        return channel;
    }

    private static String http(HboneClient hbone, HboneDestination peer, EventLoopGroup loops) throws Exception {
        // docs/clients.md: begin
        var port = TunnelPort.listen(hbone, peer, Authority.parse("app:8080"), 0, loops).sync().channel();
        var address = (InetSocketAddress) port.localAddress(); // curl works too
        URI uri = URI.create("http://127.0.0.1:" + address.getPort() + "/");
        String body = HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
        // docs/clients.md: end
        try (NetworkNamespace own = NetworkNamespace.current()) {
            assertThat(Tool.run(own, "curl", "-sS", "-m", "20", uri.toString())).isEqualTo(body);
        }
        port.close().sync();
        return body;
    }

    private static String sql(HboneClient hbone, HboneDestination peer, EventLoopGroup loops, Properties settings) throws Exception {
        // docs/clients.md: begin
        var port = TunnelPort.listen(hbone, peer, Authority.parse("app:5432"), 0, loops).sync().channel();
        var address = (InetSocketAddress) port.localAddress(); // psql works too
        Connection connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + address.getPort() + "/db", settings);
        // docs/clients.md: end
        try (connection; Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT name")) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        } finally {
            port.close().sync();
        }
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("user", "inpod");
        settings.setProperty("sslmode", "disable");
        settings.setProperty("preferQueryMode", "simple"); // the test's server knows no other
        return settings;
    }

    @Test
    void clientsReachTheirServers(@TempDir Path directory) throws Exception {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
        DevelopmentCa certificates = DevelopmentCa.open(directory.resolve("ca"));
        try (Lookalikes servers = new Lookalikes(0); HboneClient hbone = new HboneClient(loops, certificates, Connector.of(EpollSocketChannel::new))) {
            assertThat(servers.pods()).as("only this namespace has servers").isEmpty();
            var listener = TunnelServer.listen(certificates, SERVER, InetAddress.getByName(Lookalikes.ADDRESS), Set.of(5432, 8080, 50051), 0, loops).sync().channel();
            var address = new InetSocketAddress("127.0.0.1", ((InetSocketAddress) listener.localAddress()).getPort());
            var peer = new HboneDestination(CLIENT, SERVER, address);

            assertThat(http(hbone, peer, loops)).isEqualTo("host");
            assertThat(sql(hbone, peer, loops, settings())).isEqualTo("host");
            ManagedChannel channel = grpc(hbone, peer, loops);
            assertThat(ClientCalls.blockingUnaryCall(channel, GrpcServer.HELLO, CallOptions.DEFAULT, "")).isEqualTo("host");
            assertThat(channel.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)).isTrue();

            var forbidden = TunnelPort.listen(hbone, peer, new Authority("app", Lookalikes.GREETER), 0, loops).sync().channel();
            try (Socket client = new Socket("127.0.0.1", ((InetSocketAddress) forbidden.localAddress()).getPort())) {
                client.setSoTimeout(20_000);
                assertThatIOException().isThrownBy(() -> client.getInputStream().read()).withMessageContaining("reset");
            }
            forbidden.close().sync();
            listener.close().sync();
        } finally {
            loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
        }
    }
}
