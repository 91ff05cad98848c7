package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Server;
import io.inpod.netns.Lookalikes;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.DnsConfig;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the recipes with independent programs as clients and servers. */
@Pods(2)
class RecipesTest {
    private EventLoopGroup loops;

    @BeforeEach
    void start() {
        loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    }

    @AfterEach
    void stop() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    @Test
    void curlCallsTheGrpcServerFromAnotherPod(PodNetwork network, @TempDir Path directory) throws Exception {
        NetworkNamespace podB = network.pod(1).namespace();
        Server server = GrpcServer.start(podB, 50051, loops);
        Path request = Files.write(directory.resolve("request"), "\0\0\0\0\5world".getBytes(StandardCharsets.US_ASCII));

        String answer = Tool.run(network.pod(0).namespace(), "curl", "-sS", "--http2-prior-knowledge", "-m", "20", "-D", directory.resolve("headers").toString(),
                "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@" + request,
                "http://" + network.pod(1).address().getHostAddress() + ":50051/inpod.Greeter/Hello");

        assertThat(answer).isEqualTo("\0\0\0\0\13hello world");
        assertThat(directory.resolve("headers")).content().contains("HTTP/2 200").contains("grpc-status: 0");
        assertThat(Tool.run(podB, "ss", "-Hlnt")).contains("*:50051");
        server.shutdownNow().awaitTermination();
    }

    @Test
    void theHttpClientCallsFromAPod(PodNetwork network) throws Exception {
        String script = """
                import http.server
                class Answer(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        body = ("%s asked for %s" % (self.client_address[0], self.path)).encode()
                        self.send_response(200)
                        self.send_header("content-length", str(len(body)))
                        self.end_headers()
                        self.wfile.write(body)
                server = http.server.HTTPServer(("0.0.0.0", 8080), Answer)
                print("listening", flush=True)
                server.handle_request()
                """;
        ProcessBuilder inside = new ProcessBuilder(Tool.inside(network.pod(1).namespace(), "python3", "-c", script));
        try (ChildProcess python = ChildProcess.start(inside.redirectError(ProcessBuilder.Redirect.DISCARD))) {
            python.expect("listening");
            URI uri = URI.create("http://" + network.pod(1).address().getHostAddress() + ":8080/a");

            NetworkNamespace pod = network.pod(0).namespace();
            try (NamespaceResolver names = NamespaceResolver.open(pod, DnsConfig.ofServers(new InetSocketAddress("127.0.0.1", 53)), loops)) {
                assertThat(HttpGet.get(pod, names, uri, loops).get(20, TimeUnit.SECONDS)).isEqualTo("200 10.77.0.2 asked for /a");
                assertThat(python.awaitExit()).isZero();
                assertThatThrownBy(() -> HttpGet.get(pod, names, uri, loops).get(20, TimeUnit.SECONDS)).hasMessageContaining("refused");
            }
        }
    }

    @Test
    @Pods(0)
    void theHttpClientLooksNamesUpInThePod(PodNetwork network) throws Exception {
        try (Lookalikes lookalikes = new Lookalikes(20)) {
            for (int i = 0; i < lookalikes.pods().size(); i++) {
                NetworkNamespace pod = lookalikes.pods().get(i);
                try (NamespaceResolver names = NamespaceResolver.open(pod, Lookalikes.DNS, loops)) {
                    assertThat(HttpGet.get(pod, names, URI.create("http://web.test:8080/"), loops).get(20, TimeUnit.SECONDS))
                            .isEqualTo("200 " + Lookalikes.name(i));
                }
            }
        }
    }

    @Test
    @Pods(20)
    void anEchoServerInEachOfTwentyPods(PodNetwork network) throws Exception {
        List<NetworkNamespace> namespaces = network.pods().stream().map(Pod::namespace).toList();
        List<Channel> servers = EchoServers.start(namespaces, 7, loops);
        String client = """
                import socket, sys
                for address in sys.argv[1:]:
                    with socket.create_connection((address, 7), 20) as s:
                        s.sendall(address.encode())
                        assert s.recv(100).decode() == address
                print("answered", len(sys.argv) - 1)
                """;
        Stream<String> addresses = network.pods().stream().map(pod -> pod.address().getHostAddress());

        assertThat(Tool.run(network.node(), Stream.concat(Stream.of("python3", "-c", client), addresses).toArray(String[]::new))).isEqualTo("answered 20\n");
        for (Channel server : servers) {
            server.close().sync();
        }
    }

    @Test
    void eachIsShort() throws Exception {
        try (Stream<Path> files = Files.list(Path.of("src/main/java/io/inpod/examples/recipes"))) {
            assertThat(files).allSatisfy(file -> assertThat(Files.readAllLines(file))
                    .hasSizeLessThan(file.getFileName().toString().startsWith("Transparent") ? 80 : 60));
        }
    }
}
