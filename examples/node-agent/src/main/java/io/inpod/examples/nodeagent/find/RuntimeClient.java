package io.inpod.examples.nodeagent.find;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A connection to the container runtime, which serves the Container Runtime Interface (CRI), version v1, on a unix socket. Searches are
 * rare: each has a connection of its own, and an event loop with one thread, which ends with it.
 */
final class RuntimeClient implements AutoCloseable {
    private static final long LIMIT_SECONDS = 10;
    private static final int QUIET_MILLIS = 100; // with none, Netty 4.2 may end a loop without closing its channels

    /** A sandbox's verbose status contains its whole configuration. */
    private static final int LONGEST_ANSWER = 16 << 20;

    private static final Marshaller<byte[]> BYTES = new Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    static final MethodDescriptor<byte[], byte[]> LIST = method("ListPodSandbox");
    static final MethodDescriptor<byte[], byte[]> STATUS = method("PodSandboxStatus");

    private final Path socket;
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("nodeagent-runtime", true),
            EpollIoHandler.newFactory());
    private final ManagedChannel channel;

    /** Connects with the first call. */
    RuntimeClient(Path socket) {
        this.socket = socket;
        channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile())).channelType(EpollDomainSocketChannel.class)
                .eventLoopGroup(loop).executor(loop).offloadExecutor(loop).usePlaintext().overrideAuthority("localhost")
                .withOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT) // a pool would stay for ever
                .withOption(ChannelOption.SO_KEEPALIVE, null) // which gRPC sets, and unix sockets don't have
                .maxInboundMessageSize(LONGEST_ANSWER).build();
    }

    private static MethodDescriptor<byte[], byte[]> method(String name) {
        return MethodDescriptor.newBuilder(BYTES, BYTES).setType(MethodType.UNARY)
                .setFullMethodName("runtime.v1.RuntimeService/" + name).build();
    }

    /** Returns the sandboxes that run. */
    List<RuntimeMessages.Sandbox> sandboxes() throws IOException {
        try {
            return RuntimeMessages.sandboxes(call(LIST, RuntimeMessages.LIST_READY));
        } catch (StatusRuntimeException e) {
            throw failure(e);
        }
    }

    /** Returns what the runtime knows about a sandbox; empty if it is gone. */
    Optional<RuntimeMessages.Status> status(String id) throws IOException {
        try {
            return Optional.of(RuntimeMessages.status(call(STATUS, RuntimeMessages.statusRequest(id))));
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                return Optional.empty();
            }
            throw failure(e);
        }
    }

    private byte[] call(MethodDescriptor<byte[], byte[]> method, byte[] request) {
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
        return ClientCalls.blockingUnaryCall(channel, method, options, request);
    }

    private IOException failure(StatusRuntimeException cause) {
        String remedy = cause.getStatus().getCode() == Status.Code.UNIMPLEMENTED ? "it must serve the CRI, version v1"
                : "is it running, and is this its socket?";
        return new IOException("the container runtime at " + socket + " doesn't answer: " + cause.getStatus() + "; " + remedy, cause);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        var unused = loop.shutdownGracefully(QUIET_MILLIS, 1_000, TimeUnit.MILLISECONDS); // ends by itself
    }
}
