package io.inpod.examples.ztunnel.limit;

import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Share;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Upstream connections, whose sockets count as their client's. */
public final class CountedSockets {
    /** Why a connection is refused. */
    public static final String EXHAUSTED = "its client or pod has its share of the proxy's sockets";

    private CountedSockets() {}

    /**
     * Connects, unless the client has no room for another socket.
     *
     * @param client the admission of the client's connection; null if it isn't bounded
     * @param limit notified if there is no room
     * @param loop the event loop of the connection
     * @param connect connects
     * @return the connection
     */
    public static Future<UpstreamConnection> connect(@Nullable Admission client, AtLimit limit, EventLoop loop,
            Supplier<Future<UpstreamConnection>> connect) {
        if (client == null) {
            return connect.get();
        }
        Share sockets = client.holdings().sockets();
        if (!sockets.tryTake(1)) {
            limit.socketsExhausted(client.client());
            return loop.newFailedFuture(new IOException(EXHAUSTED));
        }
        Future<UpstreamConnection> connecting;
        try {
            connecting = connect.get();
        } catch (RuntimeException | Error e) {
            sockets.giveBack(1);
            throw e;
        }
        return connecting.addListener((Future<UpstreamConnection> done) -> {
            if (done.isSuccess()) {
                client.attachTo(done.getNow().channel());
                done.getNow().channel().closeFuture().addListener(closed -> sockets.giveBack(1));
            } else {
                sockets.giveBack(1);
            }
        });
    }
}
