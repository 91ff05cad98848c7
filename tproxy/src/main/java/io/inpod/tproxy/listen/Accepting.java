package io.inpod.tproxy.listen;

import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Clients;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Handles each new connection of a listener, on the accepting event loop, until the connection is registered with its own event loop. */
final class Accepting extends ChannelInboundHandlerAdapter {
    /**
     * How many connections may wait for their event loop. The others wait in the kernel, as long as this listener's pod opens connections
     * faster than they can be served: in the loop's queue of tasks, they would delay the connections of all pods.
     */
    private static final int MOST_BEGINNING = 8;

    private final AcceptRules rules;
    private final AcceptHandler handler;
    private final AcceptBackoff backoff;
    private final AtomicInteger beginning = new AtomicInteger();

    Accepting(AcceptRules rules, AcceptHandler handler) {
        this.rules = rules;
        this.handler = handler;
        this.backoff = new AcceptBackoff(handler);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        backoff.accepted();
        SocketChannel connection = (SocketChannel) message;
        try {
            accept(connection);
        } catch (ClosedChannelException gone) {
            reset(connection);
        } catch (Exception | Error e) {
            reset(connection);
            handler.failed(e);
        }
    }

    private void accept(SocketChannel connection) throws IOException {
        InetSocketAddress client = CanonicalAddress.ofChannel(connection.remoteAddress());
        Clients bound = rules.clients();
        if (bound == null) {
            accept(connection, client, null);
            return;
        }
        Admission admission = bound.admit(client.getAddress());
        if (admission == null) {
            reset(connection);
            handler.overLimit(client);
            return;
        }
        admission.attachTo(connection);
        try {
            accept(connection, client, admission);
        } catch (IOException | RuntimeException | Error e) {
            admission.close();
            throw e;
        }
    }

    private void accept(SocketChannel connection, InetSocketAddress client, @Nullable Admission admission) throws IOException {
        connection.config().setAutoRead(false);
        OriginalDestination destination = OriginalDestination.of(connection);
        String refusal = rules.refusal(client, destination);
        if (refusal != null) {
            reset(connection);
            release(admission);
            handler.refused(client, destination, refusal);
            return;
        }
        EventLoop loop = handler.pick(client, destination);
        if (beginning.incrementAndGet() >= MOST_BEGINNING) {
            connection.parent().config().setAutoRead(false);
        }
        // Its listener is there before the connection is registered, so that it is called before the connection is active.
        ChannelPromise registered = new DefaultChannelPromise(connection, loop);
        registered.addListener(new Beginning(connection, client, destination, admission));
        ChannelFuture unused = loop.register(registered);
    }

    private void hasBegun(Channel listener) {
        if (beginning.getAndDecrement() == MOST_BEGINNING) {
            listener.eventLoop().execute(() -> listener.config().setAutoRead(true)); // after it has been switched off
        }
    }

    private static void release(@Nullable Admission admission) {
        if (admission != null) {
            admission.close();
        }
    }

    /** Resets a connection that may have no event loop yet. Unlike closeForcibly, this completes its close future. */
    private static void reset(SocketChannel connection) {
        Resets.onClose(connection);
        connection.unsafe().close(connection.unsafe().voidPromise());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        backoff.failed(ctx.channel(), cause);
    }

    /** Calls the {@link AcceptHandler} when a connection is registered, on the connection's event loop. */
    private final class Beginning implements ChannelFutureListener {
        private final SocketChannel connection;
        private final InetSocketAddress client;
        private final OriginalDestination destination;
        private final @Nullable Admission admission;

        Beginning(SocketChannel connection, InetSocketAddress client, OriginalDestination destination, @Nullable Admission admission) {
            this.connection = connection;
            this.client = client;
            this.destination = destination;
            this.admission = admission;
        }

        @Override
        public void operationComplete(ChannelFuture registered) {
            hasBegun(connection.parent());
            if (!registered.isSuccess()) {
                reset(connection);
                release(admission);
                handler.failed(registered.cause());
                return;
            }
            try {
                handler.accepted(connection, client, destination);
            } catch (Exception | Error e) {
                Resets.reset(connection); // also ends whatever the handler has registered with its close future
                handler.failed(e);
            }
            if (admission != null) {
                connection.closeFuture().addListener(closed -> admission.close());
            }
        }
    }
}
