package io.inpod.tproxy.listen;

import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.Resets;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Recognises the connections of path checks among the accepted ones, and passes all others to their handler. */
final class CheckArrivals implements AcceptHandler {
    private final AcceptHandler handler;
    private final Map<InetSocketAddress, CompletableFuture<OriginalDestination>> expected = new ConcurrentHashMap<>();

    CheckArrivals(AcceptHandler handler) {
        this.handler = handler;
    }

    /** Expects a connection from this address from now on. */
    CompletableFuture<OriginalDestination> expect(InetSocketAddress client) {
        CompletableFuture<OriginalDestination> arrival = new CompletableFuture<>();
        expected.put(client, arrival);
        return arrival;
    }

    void forget(InetSocketAddress client) {
        expected.remove(client);
    }

    @Override
    public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
        return handler.pick(client, destination);
    }

    @Override
    public void accepted(SocketChannel connection, InetSocketAddress client, OriginalDestination destination) throws Exception {
        CompletableFuture<OriginalDestination> expectation = expected.remove(client);
        if (expectation == null) {
            handler.accepted(connection, client, destination);
        } else {
            Resets.notOnClose(connection);
            connection.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            expectation.complete(destination);
        }
    }

    @Override
    public boolean resetsUnlessEnded() {
        return handler.resetsUnlessEnded();
    }

    @Override
    public void refused(InetSocketAddress client, OriginalDestination destination, String reason) {
        CompletableFuture<OriginalDestination> expectation = expected.remove(client);
        if (expectation == null) {
            handler.refused(client, destination, reason);
        } else {
            expectation.completeExceptionally(new IOException("the listener refused it: " + reason));
        }
    }

    @Override
    public void overLimit(InetSocketAddress client) {
        handler.overLimit(client);
    }

    @Override
    public void failed(Throwable cause) {
        handler.failed(cause);
    }

    @Override
    public void paused(Throwable cause) {
        handler.paused(cause);
    }

    @Override
    public void resumed() {
        handler.resumed();
    }
}
