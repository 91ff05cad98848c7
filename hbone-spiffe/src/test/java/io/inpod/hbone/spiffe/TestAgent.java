package io.inpod.hbone.spiffe;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An agent as the specification describes it: refuses calls without the security header, and keeps the others open. */
final class TestAgent implements AutoCloseable {
    private final Server server;
    /** What each call gets at once, unless it is empty. */
    volatile byte[] answer = {};
    final LinkedBlockingQueue<StreamObserver<byte[]>> calls = new LinkedBlockingQueue<>();

    TestAgent(EventLoopGroup loops, Path socket) throws IOException {
        ServerInterceptor header = new ServerInterceptor() {
            @Override
            public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                if (!"true".equals(headers.get(Metadata.Key.of("workload.spiffe.io", Metadata.ASCII_STRING_MARSHALLER)))) {
                    call.close(Status.INVALID_ARGUMENT.withDescription("security header missing from request"), new Metadata());
                    return new ServerCall.Listener<>() { };
                }
                return next.startCall(call, headers);
            }
        };
        server = NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile())).channelType(EpollServerDomainSocketChannel.class)
                .bossEventLoopGroup(loops).workerEventLoopGroup(loops).executor(loops).intercept(header)
                .addService(ServerServiceDefinition.builder("SpiffeWorkloadAPI")
                        .addMethod(SvidStream.METHOD, ServerCalls.asyncServerStreamingCall(this::called)).build())
                .build().start();
    }

    private void called(byte[] request, StreamObserver<byte[]> answers) {
        if (answer.length > 0) {
            answers.onNext(answer);
        }
        calls.add(answers);
    }

    /** The next call that a client opens. */
    StreamObserver<byte[]> accept() throws InterruptedException {
        return Objects.requireNonNull(calls.poll(20, TimeUnit.SECONDS), "no call");
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
