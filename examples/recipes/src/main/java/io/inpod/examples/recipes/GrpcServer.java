package io.inpod.examples.recipes;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A gRPC server that listens in another network namespace: {@code GrpcServer <name that "ip netns" shows>}. */
public final class GrpcServer {
    private static final Marshaller<String> TEXT = new Marshaller<>() {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };
    /** The method, which a client calls in the same way. */
    static final MethodDescriptor<String, String> HELLO = MethodDescriptor.newBuilder(TEXT, TEXT)
            .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName("inpod.Greeter/Hello").build();

    private GrpcServer() {}

    static Server start(NetworkNamespace namespace, int port, EventLoopGroup loops) throws IOException {
        return NettyServerBuilder.forPort(port)
                .channelFactory(NettyChannels.server(namespace)) // the one line that differs from any gRPC server
                .bossEventLoopGroup(loops).workerEventLoopGroup(loops)
                .addService(ServerServiceDefinition.builder("inpod.Greeter").addMethod(HELLO, ServerCalls.asyncUnaryCall((name, answer) -> {
                    answer.onNext("hello " + name);
                    answer.onCompleted();
                })).build())
                .build().start();
    }

    public static void main(String[] args) throws Exception {
        try (NetworkNamespace namespace = NetworkNamespace.named(args[0])) {
            start(namespace, 50051, new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory())).awaitTermination();
        }
    }
}
