package io.inpod.netns.tcp;

import static io.inpod.netns.internal.SocketNumbers.SOL_SOCKET;
import static io.inpod.netns.internal.SocketNumbers.SO_RCVBUF;
import static io.inpod.netns.internal.SocketNumbers.SO_REUSEADDR;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelConfig;
import io.netty.channel.socket.ServerSocketChannelConfig;
import java.io.IOException;

/** The options of a {@link TcpListener}; those of the kernel also by their numbers, as with Netty's channels on epoll. */
public final class TcpListenerConfig extends EpollChannelConfig implements ServerSocketChannelConfig {
    private final TcpListener listener;
    private volatile int backlog;

    TcpListenerConfig(TcpListener listener, int backlog) {
        super(listener);
        this.listener = listener;
        this.backlog = backlog;
    }

    @Override
    public int getBacklog() {
        return backlog;
    }

    /** Counts when the listener is bound. */
    @Override
    public TcpListenerConfig setBacklog(int connections) {
        backlog = connections;
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return get(SO_REUSEADDR) != 0;
    }

    @Override
    public TcpListenerConfig setReuseAddress(boolean reuseAddress) {
        return set(SO_REUSEADDR, reuseAddress ? 1 : 0);
    }

    @Override
    public int getReceiveBufferSize() {
        return get(SO_RCVBUF);
    }

    @Override
    public TcpListenerConfig setReceiveBufferSize(int bytes) {
        return set(SO_RCVBUF, bytes);
    }

    private int get(int option) {
        try {
            return TcpCalls.number(listener.fd(), SOL_SOCKET, option);
        } catch (IOException e) {
            throw new ChannelException(e);
        }
    }

    private TcpListenerConfig set(int option, int value) {
        try {
            TcpCalls.number(listener.fd(), SOL_SOCKET, option, value);
            return this;
        } catch (IOException e) {
            throw new ChannelException(e);
        }
    }

    /** Ignored, as by Netty's listeners on epoll. */
    @Override
    public TcpListenerConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this;
    }

    @Override
    public TcpListenerConfig setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // Netty's method
    public TcpListenerConfig setMaxMessagesPerRead(int most) {
        super.setMaxMessagesPerRead(most);
        return this;
    }

    @Override
    public TcpListenerConfig setWriteSpinCount(int count) {
        super.setWriteSpinCount(count);
        return this;
    }

    @Override
    public TcpListenerConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public TcpListenerConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public TcpListenerConfig setAutoRead(boolean autoRead) {
        super.setAutoRead(autoRead);
        return this;
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // Netty's method
    public TcpListenerConfig setWriteBufferHighWaterMark(int bytes) {
        super.setWriteBufferHighWaterMark(bytes);
        return this;
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // Netty's method
    public TcpListenerConfig setWriteBufferLowWaterMark(int bytes) {
        super.setWriteBufferLowWaterMark(bytes);
        return this;
    }

    @Override
    public TcpListenerConfig setWriteBufferWaterMark(WriteBufferWaterMark marks) {
        super.setWriteBufferWaterMark(marks);
        return this;
    }

    @Override
    public TcpListenerConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }
}
