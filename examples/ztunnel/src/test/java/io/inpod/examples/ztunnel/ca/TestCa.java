package io.inpod.examples.ztunnel.ca;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.inpod.examples.istio.CertificateApi.IstioCertificateRequest;
import io.inpod.examples.istio.CertificateApi.IstioCertificateResponse;
import io.inpod.examples.istio.IstioMethods;
import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.StringReader;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** A CA that speaks Istio's protocol, and does what a test says. Its own files are in a directory: root-cert.pem, token. */
public final class TestCa implements AutoCloseable {
    static final String NAME = "ca.test";

    /** Answers a request; what it throws becomes an error of gRPC. */
    interface Behaviour {
        void answer(Asked asked, StreamObserver<IstioCertificateResponse> to) throws Exception;
    }

    /** A request, with its headers. */
    record Asked(IstioCertificateRequest request, Metadata headers) {
        String identity() {
            return request.getMetadata().getFieldsOrThrow("ImpersonatedIdentity").getStringValue();
        }

        String header(String name) {
            return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        }

        PublicKey key() throws Exception {
            try (PEMParser parser = new PEMParser(new StringReader(request.getCsr()))) {
                return new JcaPEMKeyConverter().getPublicKey(((PKCS10CertificationRequest) parser.readObject()).getSubjectPublicKeyInfo());
            }
        }
    }

    final Path home;
    final TestAuthority root = TestAuthority.root("mesh root");
    final TestAuthority intermediate = root.intermediate("istiod");
    final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    volatile Behaviour behaviour = (request, to) -> issue(request, to, 3600);
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private TestAuthority serverRoot;
    private Server server;

    /** Starts to listen. */
    public TestCa(Path home) throws Exception {
        this.home = home;
        Files.writeString(home.resolve("token"), "first.token\n");
        newServerRoot();
        Files.writeString(rootFile(), TestAuthority.pem(serverRoot.certificate()));
        start(new InetSocketAddress("127.0.0.1", 0));
    }

    Path rootFile() {
        return home.resolve("root-cert.pem");
    }

    private void newServerRoot() throws Exception {
        serverRoot = TestAuthority.root("control plane");
    }

    private void start(SocketAddress address) throws Exception {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address).bossEventLoopGroup(loops).workerEventLoopGroup(loops).directExecutor()
                .addService(ServerInterceptors.intercept(ServerServiceDefinition.builder("istio.v1.auth.IstioCertificateService")
                        .addMethod(IstioMethods.CREATE_CERTIFICATE, ServerCalls.asyncUnaryCall(TestCa::unused)).build(), new Interceptor()));
        if (address instanceof DomainSocketAddress) {
            builder.channelType(EpollServerDomainSocketChannel.class);
        } else {
            TestAuthority tls = serverRoot.server(NAME);
            builder.channelType(EpollServerSocketChannel.class)
                    .sslContext(GrpcSslContexts.configure(SslContextBuilder.forServer(tls.keys().getPrivate(), tls.certificate())).build());
        }
        server = builder.build().start();
    }

    private static void unused(IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> to) {
        throw new AssertionError("the interceptor answers");
    }

    /** Hands each request with its headers to the behaviour. */
    private final class Interceptor implements ServerInterceptor {
        @Override
        @SuppressWarnings("unchecked")
        public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            return (ServerCall.Listener<Q>) ServerCalls.asyncUnaryCall((IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> to) -> {
                Asked one = new Asked(request, headers);
                try {
                    behaviour.answer(one, to);
                } catch (Exception e) {
                    to.onError(e);
                }
                asked.add(one);
            }).startCall((ServerCall<IstioCertificateRequest, IstioCertificateResponse>) call, headers);
        }
    }

    /** Answers as Istio's does: the certificate, the intermediate one, the roots. */
    void issue(Asked request, StreamObserver<IstioCertificateResponse> to, int seconds, TestAuthority... moreRoots) throws Exception {
        X509Certificate leaf = intermediate.workload(request.identity(), request.key(), Instant.now().minusSeconds(10), Instant.now().plusSeconds(seconds));
        StringBuilder roots = new StringBuilder(TestAuthority.pem(root.certificate()));
        for (TestAuthority more : moreRoots) {
            roots.append(TestAuthority.pem(more.certificate()));
        }
        send(to, TestAuthority.pem(leaf), TestAuthority.pem(intermediate.certificate()), roots.toString());
    }

    static void send(StreamObserver<IstioCertificateResponse> to, String... chain) {
        to.onNext(IstioCertificateResponse.newBuilder().addAllCertChain(Arrays.asList(chain)).build());
        to.onCompleted();
    }

    Asked next() throws InterruptedException {
        Asked next = asked.poll(20, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("the CA wasn't asked");
        }
        return next;
    }

    /** The variables that name this CA. */
    public Map<String, String> variables() {
        return Map.of("FAKE_CA", "false", "CA_ADDRESS", "https://127.0.0.1:" + server.getPort(), "ALT_CA_HOSTNAME", NAME, "CA_ROOT_CA",
                rootFile().toString(), "AUTH_TOKEN", home.resolve("token").toString());
    }

    /** The identities that were asked for, with repetitions. */
    public List<String> identities() {
        return asked.stream().map(Asked::identity).toList();
    }

    /** A configuration that names this CA. */
    ProxyConfig config(String... more) throws ConfigException {
        Map<String, String> environment = new HashMap<>(variables());
        environment.putAll(Map.of("LOCAL_XDS", "workloads: []", "NODE_NAME", "test", "UNSTABLE_ENABLE_SOCKS5", "true"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return ProxyConfig.from(environment);
    }

    /** Breaks all connections, and doesn't listen until {@link #restart}. */
    int stop() throws InterruptedException {
        int port = server.getPort();
        server.shutdownNow().awaitTermination();
        return port;
    }

    /** Listens again, with a certificate of another root, which isn't in the file. */
    void restart(int port) throws Exception {
        newServerRoot();
        start(new InetSocketAddress("127.0.0.1", port));
    }

    void writeRoot() throws Exception {
        Path fresh = Files.writeString(home.resolve("root.new"), TestAuthority.pem(serverRoot.certificate()));
        Files.move(fresh, rootFile(), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    /** Listens at a unix socket instead. */
    Path listenAtSocket() throws Exception {
        stop();
        Path socket = home.resolve("ca.sock");
        start(new DomainSocketAddress(socket.toFile()));
        return socket;
    }

    @Override
    public void close() {
        server.shutdownNow();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
