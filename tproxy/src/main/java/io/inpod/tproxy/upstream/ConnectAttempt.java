package io.inpod.tproxy.upstream;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.netns.IpFamily;
import io.inpod.netns.tcp.TcpChannel;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.Resets;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** An attempt to connect, with as many sockets as it takes to find a free source port. On its event loop only. */
final class ConnectAttempt {
    private static final int EADDRINUSE = 98;
    private static final int EADDRNOTAVAIL = 99;

    private final UpstreamConnector connector;
    private final EventLoop loop;
    private final @Nullable ClientAddress source;
    private final InetSocketAddress destination;
    private final ChannelHandler handler;
    private final Promise<UpstreamConnection> promise;
    private int portsTried;

    ConnectAttempt(
            UpstreamConnector connector, EventLoop loop, @Nullable ClientAddress source, InetSocketAddress destination,
            ChannelHandler handler) {
        this.connector = connector;
        this.loop = loop;
        this.source = source;
        this.destination = destination;
        this.handler = handler;
        this.promise = loop.newPromise();
    }

    Future<UpstreamConnection> start(boolean spoof) {
        if (loop.inEventLoop()) {
            begin(spoof);
        } else {
            loop.execute(() -> begin(spoof));
        }
        return promise;
    }

    private void begin(boolean spoof) {
        try {
            if (spoof) {
                spoofed();
            } else {
                plain(null);
            }
        } catch (RuntimeException e) {
            promise.tryFailure(e);
        }
    }

    private void plain(@Nullable Throwable fallbackReason) {
        TcpChannel channel = connector.open(loop, destination.getAddress(), false);
        connect(channel, null, new UpstreamConnection(channel, false, fallbackReason));
    }

    private void spoofed() {
        InetAddress from = source == null ? null : source.ip();
        if (from == null || IpFamily.of(from) != IpFamily.of(destination.getAddress())) {
            impossible("the addresses are of different families", null);
            return;
        }
        if (connector.maxAttempts() == 0) {
            noPort(null);
            return;
        }
        InetSocketAddress local;
        do {
            if (portsTried == connector.maxAttempts()) {
                noPort(null);
                return;
            }
            portsTried++;
            local = new InetSocketAddress(from, connector.nextPort());
        } while (connector.isTaken(local, destination));
        TcpChannel channel;
        try {
            channel = connector.open(loop, destination.getAddress(), true);
        } catch (ChannelException e) {
            impossible(String.valueOf(e.getMessage()), e);
            return;
        }
        connect(channel, local, new UpstreamConnection(channel, true, null));
    }

    /**
     * Registers and connects in one task of the event loop: between the two, epoll would report an unconnected socket as hung up. The
     * caller's handlers are added when the connection is established, so that they see neither that nor the sockets that failed.
     */
    private void connect(TcpChannel channel, @Nullable InetSocketAddress local, UpstreamConnection connection) {
        ChannelFuture registered = loop.register(channel);
        if (registered.isDone()) { // at once, as this is the loop ...
            connect(channel, local, connection, registered);
        } else { // ... but Netty tells it later within eight listeners that call each other, as after as many ports in a row that are taken
            registered.addListener(done -> connect(channel, local, connection, registered));
        }
    }

    private void connect(TcpChannel channel, @Nullable InetSocketAddress local, UpstreamConnection connection, ChannelFuture registered) {
        if (!registered.isSuccess()) {
            channel.unsafe().close(channel.unsafe().voidPromise()); // closeForcibly wouldn't complete its close future
            promise.tryFailure(registered.cause());
            return;
        }
        ChannelFuture connecting = connector.connect(channel, destination, local);
        promise.addListener(done -> {
            if (done.isCancelled()) {
                abandon(channel, connecting);
            }
        });
        connecting.addListener(connected -> {
            if (connected.isSuccess()) {
                succeed(channel, connection);
            } else if (local != null && portTaken(connected.cause())) {
                channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
                nextPort(connected.cause());
            } else {
                if (portTaken(connected.cause())) {
                    connector.countPortless();
                }
                end(channel, connected.cause());
            }
        });
    }

    private void succeed(TcpChannel channel, UpstreamConnection connection) {
        try {
            channel.pipeline().addLast(handler);
        } catch (RuntimeException e) {
            end(channel, e);
            return;
        }
        if (!promise.trySuccess(connection)) {
            abandon(channel, null);
        }
    }

    /** Resets the connection: the server may have accepted it, and must not mistake a client that gave up for one that ended its output. */
    private static void abandon(TcpChannel channel, @Nullable ChannelFuture connecting) {
        Resets.onClose(channel);
        if (connecting != null) {
            connecting.cancel(false); // this closes the channel
        }
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    private void end(TcpChannel channel, Throwable cause) {
        channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        promise.tryFailure(cause);
    }

    private void nextPort(Throwable cause) {
        if (promise.isDone()) {
            return;
        }
        if (portsTried < connector.maxAttempts()) {
            begin(true);
        } else {
            noPort(cause);
        }
    }

    private void noPort(@Nullable Throwable cause) {
        connector.countPortless();
        impossible(connector.exhaustion(portsTried), cause);
    }

    private void impossible(String why, @Nullable Throwable cause) {
        SpoofingException reason =
                new SpoofingException("can't connect to " + toSocketAddressString(destination) + " from the client's address "
                        + (source == null ? "?" : source.ip().getHostAddress()) + ": " + why, cause);
        if (connector.options().policy() == SpoofPolicy.PREFER) {
            connector.countFallback();
            plain(reason);
        } else {
            promise.tryFailure(reason);
        }
    }

    /** Bind fails with EADDRINUSE, connect with EADDRNOTAVAIL; Netty reports the number of the latter only in the message. */
    private static boolean portTaken(Throwable cause) {
        if (cause instanceof NativeIoException failure) {
            return failure.expectedErr() == -EADDRINUSE || failure.expectedErr() == -EADDRNOTAVAIL;
        }
        return cause instanceof ConnectException && String.valueOf(cause.getMessage()).contains("error(-" + EADDRNOTAVAIL + ")");
    }
}
