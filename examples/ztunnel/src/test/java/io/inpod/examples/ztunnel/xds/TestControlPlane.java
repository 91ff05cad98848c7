package io.inpod.examples.ztunnel.xds;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.IstioMethods;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A control plane that does what a test says: what it sends, and when, whether it answers at all, and how it ends a stream. */
public final class TestControlPlane implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;
    private static final String SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService";
    private static final Context.Key<Metadata> HEADERS = Context.key("headers");

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final BlockingQueue<Stream> streams = new LinkedBlockingQueue<>();
    private final Server server;
    /** Responses that each stream gets at once. */
    public volatile List<DeltaDiscoveryResponse> first = List.of();
    /** What a request gets at once; null for nothing. */
    public volatile Function<DeltaDiscoveryRequest, @Nullable DeltaDiscoveryResponse> reply = request -> null;

    private TestControlPlane(NettyServerBuilder builder) throws IOException {
        ServerInterceptor remember = new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                return Contexts.interceptCall(Context.current().withValue(HEADERS, headers), call, headers, next);
            }
        };
        server = builder.bossEventLoopGroup(loops).workerEventLoopGroup(loops).executor(loops).intercept(remember).addService(ServerServiceDefinition
                .builder(SERVICE).addMethod(IstioMethods.DELTA_AGGREGATED_RESOURCES, ServerCalls.asyncBidiStreamingCall(this::called)).build()).build().start();
    }

    /** Listens on the loopback interface, with TLS. */
    public static TestControlPlane https(TestAuthority.Identity identity) throws IOException {
        return https(identity, 0);
    }

    static TestControlPlane https(TestAuthority.Identity identity, int port) throws IOException {
        return new TestControlPlane(builder(identity, port));
    }

    /** The same, whose connections may have an age only: as istiod's, which ends them every half hour. */
    static TestControlPlane aging(TestAuthority.Identity identity, Duration age) throws IOException {
        return new TestControlPlane(builder(identity, 0).maxConnectionAge(age.toMillis(), TimeUnit.MILLISECONDS).maxConnectionAgeGrace(0, TimeUnit.MILLISECONDS));
    }

    private static NettyServerBuilder builder(TestAuthority.Identity identity, int port) throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port)).channelType(EpollServerSocketChannel.class)
                .sslContext(GrpcSslContexts.configure(SslContextBuilder.forServer(identity.key(), identity.certificate()), SslProvider.JDK).build());
    }

    /** Listens on a unix socket, in plaintext. */
    public static TestControlPlane unix(Path socket) throws IOException {
        return new TestControlPlane(
                NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile())).channelType(EpollServerDomainSocketChannel.class));
    }

    public int port() {
        return server.getPort();
    }

    private StreamObserver<DeltaDiscoveryRequest> called(StreamObserver<DeltaDiscoveryResponse> answers) {
        Stream stream = new Stream(HEADERS.get(), answers);
        first.forEach(answers::onNext);
        streams.add(stream);
        return stream.requestsTo(request -> reply.apply(request));
    }

    /** The next stream that a client opens. */
    public Stream accept() throws InterruptedException {
        return Objects.requireNonNull(streams.poll(PATIENCE_SECONDS, TimeUnit.SECONDS), "no stream");
    }

    /** One stream. */
    public static final class Stream {
        final Metadata headers;
        private final StreamObserver<DeltaDiscoveryResponse> answers;
        private final BlockingQueue<DeltaDiscoveryRequest> requests = new LinkedBlockingQueue<>();

        Stream(Metadata headers, StreamObserver<DeltaDiscoveryResponse> answers) {
            this.headers = headers;
            this.answers = answers;
        }

        private StreamObserver<DeltaDiscoveryRequest> requestsTo(Function<DeltaDiscoveryRequest, @Nullable DeltaDiscoveryResponse> reply) {
            return new StreamObserver<>() {
                @Override
                public void onNext(DeltaDiscoveryRequest request) {
                    DeltaDiscoveryResponse response = reply.apply(request);
                    if (response != null) {
                        answers.onNext(response);
                    }
                    requests.add(request);
                }

                @Override
                public void onError(Throwable gone) {
                    // the client has cancelled
                }

                @Override
                public void onCompleted() {
                    answers.onCompleted();
                }
            };
        }

        /** The next request. */
        public DeltaDiscoveryRequest request() throws InterruptedException {
            return Objects.requireNonNull(requests.poll(PATIENCE_SECONDS, TimeUnit.SECONDS), "no request");
        }

        /** Requests that nobody has taken yet. */
        BlockingQueue<DeltaDiscoveryRequest> requests() {
            return requests;
        }

        @Nullable
        String header(String name) {
            return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        }

        /** Sends a response, and returns the ACK or NACK. */
        DeltaDiscoveryRequest send(DeltaDiscoveryResponse response) throws InterruptedException {
            answers.onNext(response);
            return request();
        }

        void say(DeltaDiscoveryResponse response) {
            answers.onNext(response);
        }

        void end(Status status) {
            answers.onError(status.asRuntimeException());
        }

        void complete() {
            answers.onCompleted();
        }
    }

    /** Ends all streams, and listens no more. */
    public void stop() {
        server.shutdownNow();
        try {
            server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        stop();
        loops.shutdownGracefully(100, 1_000, TimeUnit.MILLISECONDS);
    }
}
