package io.inpod.examples.nodeagent.find;

import com.google.protobuf.ByteString;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A container runtime that answers what it is told to. */
final class TestRuntime implements AutoCloseable {
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Path socket;
    private final Server server;
    volatile byte[] sandboxes = {};
    final Map<String, byte[]> statuses = new ConcurrentHashMap<>();
    final Queue<String> requests = new ConcurrentLinkedQueue<>();

    TestRuntime(Path directory) throws IOException {
        socket = directory.resolve("runtime.sock");
        server = NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile())).channelType(EpollServerDomainSocketChannel.class)
                .bossEventLoopGroup(loop).workerEventLoopGroup(loop).executor(loop)
                .addService(ServerServiceDefinition.builder("runtime.v1.RuntimeService").addMethod(RuntimeClient.LIST, ServerCalls.asyncUnaryCall(this::list))
                        .addMethod(RuntimeClient.STATUS, ServerCalls.asyncUnaryCall(this::status)).build())
                .build().start();
    }

    Path socket() {
        return socket;
    }

    private void list(byte[] request, StreamObserver<byte[]> answer) {
        requests.add("ListPodSandbox " + HexFormat.of().formatHex(request));
        answer.onNext(sandboxes);
        answer.onCompleted();
    }

    /** The request has the id in field 1, and true in field 2. */
    private void status(byte[] request, StreamObserver<byte[]> answer) {
        String id = ByteString.copyFrom(request).substring(2, 2 + request[1]).toStringUtf8();
        requests.add("PodSandboxStatus " + id);
        byte[] status = statuses.get(id);
        if (status == null || !HexFormat.of().formatHex(request).endsWith("1001")) {
            answer.onError(Status.NOT_FOUND.withDescription("no such sandbox: " + id).asRuntimeException());
        } else {
            answer.onNext(status);
            answer.onCompleted();
        }
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        loop.shutdownGracefully(100, 1_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }
}
