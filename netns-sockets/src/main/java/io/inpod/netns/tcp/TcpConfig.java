package io.inpod.netns.tcp;

import static io.inpod.netns.internal.SocketNumbers.IPPROTO_IP;
import static io.inpod.netns.internal.SocketNumbers.IPPROTO_IPV6;
import static io.inpod.netns.internal.SocketNumbers.IPPROTO_TCP;
import static io.inpod.netns.internal.SocketNumbers.IPV6_TCLASS;
import static io.inpod.netns.internal.SocketNumbers.IP_TOS;
import static io.inpod.netns.internal.SocketNumbers.SO_KEEPALIVE;
import static io.inpod.netns.internal.SocketNumbers.SO_RCVBUF;
import static io.inpod.netns.internal.SocketNumbers.SO_REUSEADDR;
import static io.inpod.netns.internal.SocketNumbers.SO_SNDBUF;
import static io.inpod.netns.internal.SocketNumbers.TCP_NODELAY;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * The options of a {@link TcpChannel}: those of {@link SocketChannelConfig}, and numbers and bytes of the kernel by {@link
 * IntegerUnixChannelOption} and {@link RawUnixChannelOption}. SO_LINGER is remembered: nothing is asked or set twice.
 */
final class TcpConfig extends DefaultChannelConfig implements SocketChannelConfig {
    /** A connection's SO_LINGER that has to be asked for. */
    static final int UNKNOWN = Integer.MIN_VALUE;

    private final TcpChannel connection;
    private volatile boolean allowHalfClosure;
    private int linger; // guarded by the descriptor

    TcpConfig(TcpChannel channel, int linger) {
        super(channel, new AdaptiveRecvByteBufAllocator());
        this.connection = channel;
        this.linger = linger;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.SO_RCVBUF, ChannelOption.SO_SNDBUF, ChannelOption.TCP_NODELAY,
                ChannelOption.SO_KEEPALIVE, ChannelOption.SO_REUSEADDR, ChannelOption.SO_LINGER, ChannelOption.IP_TOS,
                ChannelOption.ALLOW_HALF_CLOSURE);
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    public <T> T getOption(ChannelOption<T> option) {
        if (option.equals(ChannelOption.SO_RCVBUF)) {
            return (T) Integer.valueOf(getReceiveBufferSize());
        } else if (option.equals(ChannelOption.SO_SNDBUF)) {
            return (T) Integer.valueOf(getSendBufferSize());
        } else if (option.equals(ChannelOption.TCP_NODELAY)) {
            return (T) Boolean.valueOf(isTcpNoDelay());
        } else if (option.equals(ChannelOption.SO_KEEPALIVE)) {
            return (T) Boolean.valueOf(isKeepAlive());
        } else if (option.equals(ChannelOption.SO_REUSEADDR)) {
            return (T) Boolean.valueOf(isReuseAddress());
        } else if (option.equals(ChannelOption.SO_LINGER)) {
            return (T) Integer.valueOf(getSoLinger());
        } else if (option.equals(ChannelOption.IP_TOS)) {
            return (T) Integer.valueOf(getTrafficClass());
        } else if (option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
            return (T) Boolean.valueOf(isAllowHalfClosure());
        } else if (EpollOptions.has(option)) {
            return (T) EpollOptions.value(option, get(EpollOptions.level(option), EpollOptions.name(option)));
        } else if (option instanceof IntegerUnixChannelOption number) {
            return (T) Integer.valueOf(get(number.level(), number.optname()));
        } else if (option instanceof RawUnixChannelOption raw) {
            return (T) get(raw);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option.equals(ChannelOption.SO_RCVBUF)) {
            setReceiveBufferSize((Integer) value);
        } else if (option.equals(ChannelOption.SO_SNDBUF)) {
            setSendBufferSize((Integer) value);
        } else if (option.equals(ChannelOption.TCP_NODELAY)) {
            setTcpNoDelay((Boolean) value);
        } else if (option.equals(ChannelOption.SO_KEEPALIVE)) {
            setKeepAlive((Boolean) value);
        } else if (option.equals(ChannelOption.SO_REUSEADDR)) {
            setReuseAddress((Boolean) value);
        } else if (option.equals(ChannelOption.SO_LINGER)) {
            setSoLinger((Integer) value);
        } else if (option.equals(ChannelOption.IP_TOS)) {
            setTrafficClass((Integer) value);
        } else if (option.equals(ChannelOption.ALLOW_HALF_CLOSURE)) {
            setAllowHalfClosure((Boolean) value);
        } else if (EpollOptions.has(option)) {
            set(EpollOptions.level(option), EpollOptions.name(option), EpollOptions.number(value));
        } else if (option instanceof IntegerUnixChannelOption number) {
            set(number.level(), number.optname(), (Integer) value);
        } else if (option instanceof RawUnixChannelOption raw) {
            set(raw, (ByteBuffer) value);
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    private int get(int level, int name) {
        synchronized (connection.fd()) { // the number may be another socket's once it is closed
            try {
                connection.requireOpen();
                return TcpCalls.number(connection.fd(), level, name);
            } catch (IOException e) {
                throw new ChannelException(e);
            }
        }
    }

    private ByteBuffer get(RawUnixChannelOption option) {
        synchronized (connection.fd()) { // the number may be another socket's once it is closed
            try {
                connection.requireOpen();
                return TcpCalls.bytes(connection.fd(), option.level(), option.optname(), option.length());
            } catch (IOException e) {
                throw new ChannelException(e);
            }
        }
    }

    private void set(int level, int name, int value) {
        synchronized (connection.fd()) { // the number may be another socket's once it is closed
            try {
                connection.requireOpen();
                TcpCalls.number(connection.fd(), level, name, value);
            } catch (IOException e) {
                throw new ChannelException(e);
            }
        }
    }

    private void set(RawUnixChannelOption option, ByteBuffer value) {
        synchronized (connection.fd()) { // the number may be another socket's once it is closed
            try {
                connection.requireOpen();
                TcpCalls.bytes(connection.fd(), option.level(), option.optname(), value);
            } catch (IOException e) {
                throw new ChannelException(e);
            }
        }
    }

    @Override
    public boolean isTcpNoDelay() {
        return connection.delayIsUndecided() || get(IPPROTO_TCP, TCP_NODELAY) != 0;
    }

    @Override
    public TcpConfig setTcpNoDelay(boolean noDelay) {
        set(IPPROTO_TCP, TCP_NODELAY, noDelay ? 1 : 0);
        connection.delayIsDecided();
        return this;
    }

    @Override
    public int getSoLinger() {
        synchronized (connection.fd()) {
            try {
                if (linger == UNKNOWN) {
                    connection.requireOpen();
                    linger = TcpCalls.linger(connection.fd());
                }
                return linger;
            } catch (IOException e) {
                throw new ChannelException(e);
            }
        }
    }

    @Override
    public TcpConfig setSoLinger(int seconds) {
        synchronized (connection.fd()) {
            if (seconds != linger) {
                try {
                    connection.requireOpen();
                    TcpCalls.linger(connection.fd(), seconds);
                    linger = Math.max(-1, seconds);
                } catch (IOException e) {
                    throw new ChannelException(e);
                }
            }
            return this;
        }
    }

    @Override
    public int getSendBufferSize() {
        return get(TcpCalls.SOL_SOCKET, SO_SNDBUF);
    }

    @Override
    public TcpConfig setSendBufferSize(int bytes) {
        set(TcpCalls.SOL_SOCKET, SO_SNDBUF, bytes);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return get(TcpCalls.SOL_SOCKET, SO_RCVBUF);
    }

    @Override
    public TcpConfig setReceiveBufferSize(int bytes) {
        set(TcpCalls.SOL_SOCKET, SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public boolean isKeepAlive() {
        return get(TcpCalls.SOL_SOCKET, SO_KEEPALIVE) != 0;
    }

    @Override
    public TcpConfig setKeepAlive(boolean keepAlive) {
        set(TcpCalls.SOL_SOCKET, SO_KEEPALIVE, keepAlive ? 1 : 0);
        return this;
    }

    @Override
    public int getTrafficClass() {
        return get(IPPROTO_IP, IP_TOS);
    }

    @Override
    public TcpConfig setTrafficClass(int trafficClass) {
        set(IPPROTO_IP, IP_TOS, trafficClass);
        if (connection.isIpv6()) {
            set(IPPROTO_IPV6, IPV6_TCLASS, trafficClass);
        }
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return get(TcpCalls.SOL_SOCKET, SO_REUSEADDR) != 0;
    }

    @Override
    public TcpConfig setReuseAddress(boolean reuseAddress) {
        set(TcpCalls.SOL_SOCKET, SO_REUSEADDR, reuseAddress ? 1 : 0);
        return this;
    }

    /** Ignored, as by Netty's channels on epoll. */
    @Override
    public TcpConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this;
    }

    @Override
    public boolean isAllowHalfClosure() {
        return allowHalfClosure;
    }

    @Override
    public TcpConfig setAllowHalfClosure(boolean allowed) {
        allowHalfClosure = allowed;
        return this;
    }

    @Override
    protected void autoReadCleared() {
        connection.autoReadCleared();
    }

    @Override
    public TcpConfig setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return this;
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // Netty's method
    public TcpConfig setMaxMessagesPerRead(int most) {
        super.setMaxMessagesPerRead(most);
        return this;
    }

    @Override
    public TcpConfig setWriteSpinCount(int count) {
        super.setWriteSpinCount(count);
        return this;
    }

    @Override
    public TcpConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public TcpConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public TcpConfig setAutoRead(boolean autoRead) {
        super.setAutoRead(autoRead);
        return this;
    }

    @Override
    public TcpConfig setAutoClose(boolean autoClose) {
        super.setAutoClose(autoClose);
        return this;
    }

    @Override
    public TcpConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public TcpConfig setWriteBufferWaterMark(WriteBufferWaterMark marks) {
        super.setWriteBufferWaterMark(marks);
        return this;
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester")
    public TcpConfig setWriteBufferHighWaterMark(int bytes) {
        super.setWriteBufferHighWaterMark(bytes);
        return this;
    }

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester")
    public TcpConfig setWriteBufferLowWaterMark(int bytes) {
        super.setWriteBufferLowWaterMark(bytes);
        return this;
    }
}
