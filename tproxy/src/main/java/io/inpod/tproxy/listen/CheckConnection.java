package io.inpod.tproxy.listen;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.PathCheck;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Connects through the rules for a path check; the listener recognises the connection by its source address. */
record CheckConnection(EventLoop loop, CheckArrivals arrivals, NetworkNamespace from, DestinationAddress destination, Duration limit)
        implements
            PathCheck {
    @Override
    public void run(NetworkNamespace namespace) throws IOException {
        SocketOptions options = SocketOptions.NONE.withFamily(IpFamily.of(destination.ip()).protocolFamily());
        long deadline = System.nanoTime() + limit.toNanos();
        Channel channel = new Bootstrap().group(loop).channelFactory(NettyChannels.client(from, options))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(Integer.MAX_VALUE, limit.toMillis()))
                .handler(new ChannelInboundHandlerAdapter()).bind(sourceAddress(options), 0).awaitUninterruptibly().channel();
        InetSocketAddress source = (InetSocketAddress) channel.localAddress();
        if (source == null) {
            throw new IOException(this + " has no socket in " + from);
        }
        CompletableFuture<OriginalDestination> arrival = arrivals.expect(source);
        try {
            ChannelFuture connecting = channel.connect(destination.address());
            connecting.addListener(done -> {
                if (!done.isSuccess()) {
                    arrival.completeExceptionally(new IOException("it was not connected: " + done.cause().getMessage(), done.cause()));
                }
            });
            OriginalDestination seen = arrival.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (!seen.destination().equals(destination)) {
                throw new IOException(this + " arrived, but with the destination " + toSocketAddressString(seen.address()));
            }
        } catch (TimeoutException e) {
            throw new IOException(this + " didn't arrive at the listener within " + limit.toMillis() + " ms"
                    + (channel.isActive() ? ": another listener accepted it" : ""), e);
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNull(e.getCause());
            throw new IOException(this + " failed: " + cause.getMessage(), cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException(this + " was interrupted").initCause(e);
        } finally {
            arrivals.forget(source);
            channel.close().awaitUninterruptibly();
        }
    }

    /** Returns the source address that the kernel would choose; connecting a UDP socket sends nothing. */
    private InetAddress sourceAddress(SocketOptions options) throws IOException {
        try (UdpSocket question = UdpSocket.open(from, options)) {
            question.connect(destination.address());
            return question.localAddress().getAddress();
        }
    }

    @Override
    public String toString() {
        return "check connection from " + from + " to " + toSocketAddressString(destination.address());
    }
}
