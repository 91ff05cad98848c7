package io.inpod.examples.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Calls of the Container Runtime Interface, each on a connection of its own: so a runtime that was started again is found at once.
 * Thread-safe.
 */
final class Cri implements AutoCloseable {
    private static final int LIMIT_SECONDS = 120;
    private static final int QUIET_MILLIS = 100; // with none, Netty 4.2 may end a loop without closing its channels

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    /**
     * Calls a method.
     *
     * @throws IOException with the runtime's message
     */
    <R extends MessageLite> R call(Path socket, String method, MessageLite request, R response) throws IOException {
        @SuppressWarnings("unchecked") // a message of the same type as another
        Class<R> type = (Class<R>) response.getClass();
        MethodDescriptor<MessageLite, MessageLite> descriptor = MethodDescriptor
                .newBuilder(new CriMessage(request.getParserForType()), new CriMessage(response.getParserForType()))
                .setType(MethodType.UNARY).setFullMethodName("runtime.v1.RuntimeService/" + method).build();
        ManagedChannel channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .channelType(EpollDomainSocketChannel.class).eventLoopGroup(loops).withOption(ChannelOption.SO_KEEPALIVE, null)
                .usePlaintext().overrideAuthority("localhost").build();
        try {
            MessageLite answer = ClientCalls.blockingUnaryCall(channel, descriptor,
                    CallOptions.DEFAULT.withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS), request);
            return type.cast(answer);
        } catch (StatusRuntimeException e) {
            throw new IOException(method + ": " + e.getStatus().getDescription(), e);
        } finally {
            channel.shutdownNow();
        }
    }

    @Override
    public void close() {
        loops.shutdownGracefully(QUIET_MILLIS, 1_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
    }

    /** Messages on the wire. */
    private record CriMessage(Parser<? extends MessageLite> parser) implements Marshaller<MessageLite> {
        @Override
        public InputStream stream(MessageLite message) {
            return message.toByteString().newInput();
        }

        @Override
        public MessageLite parse(InputStream stream) {
            try {
                return parser.parseFrom(stream);
            } catch (InvalidProtocolBufferException e) {
                throw Status.INTERNAL.withDescription("not a message of the Container Runtime Interface").withCause(e).asRuntimeException();
            }
        }
    }
}
