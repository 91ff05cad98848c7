package io.inpod.hbone.client;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.CertificateSource;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.PromiseNotifier;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The connecting side of HBONE for callers that don't manage event loops: an {@link HbonePool} for each loop of a group. Thread-safe.
 */
public final class HboneClient implements AutoCloseable {
    private final EventLoopGroup group;
    private final CertificateSource certificates;
    private final Connector connector;
    private final HboneOptions options;
    private final HboneEvents events;
    private final ConcurrentHashMap<EventLoop, HbonePool> pools = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * Creates a client with the default options.
     *
     * @param group the event loops of connections and tunnels; remains the caller's
     * @param certificates supplies our certificates
     * @param connector opens TCP connections, for example {@code Connector.of(EpollSocketChannel::new)}
     */
    public HboneClient(EventLoopGroup group, CertificateSource certificates, Connector connector) {
        this(group, certificates, connector, HboneOptions.client(), HboneEvents.NONE);
    }

    /**
     * Creates a client.
     *
     * @param group the event loops; remains the caller's
     * @param certificates source of our certificates
     * @param connector opens connections
     * @param options sizes, times and TLS
     * @param events receives events
     */
    public HboneClient(EventLoopGroup group, CertificateSource certificates, Connector connector, HboneOptions options,
            HboneEvents events) {
        this.group = Objects.requireNonNull(group);
        this.certificates = Objects.requireNonNull(certificates);
        this.connector = Objects.requireNonNull(connector);
        this.options = Objects.requireNonNull(options);
        this.events = Objects.requireNonNull(events);
    }

    /**
     * Opens a tunnel on one of the group's event loops: on the caller's if it is one of them.
     *
     * @param peer the HBONE peer, our identity, and the identity that we expect of the peer
     * @param authority the tunnel's destination
     * @param headers further headers of the request
     * @param handler the tunnel's first handler, added before the first byte is read
     * @return completes on the tunnel's event loop, as described for {@link HbonePool#open}; cancelling it cancels the request
     */
    public Future<TunnelChannel> connect(HboneDestination peer, Authority authority, List<Header> headers, ChannelHandler handler) {
        ConnectRequest request = new ConnectRequest(authority, headers);
        EventLoop loop = loop();
        if (loop.inEventLoop()) {
            return pool(loop).open(peer, request, handler);
        }
        Promise<TunnelChannel> promise = loop.newPromise();
        loop.execute(() -> open(loop, peer, request, handler, promise));
        return promise;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // cascade() returns its argument, and the promise reports how that ends
    private void open(EventLoop loop, HboneDestination peer, ConnectRequest request, ChannelHandler handler,
            Promise<TunnelChannel> promise) {
        if (promise.isDone()) {
            return;
        }
        try {
            PromiseNotifier.cascade(false, pool(loop).open(peer, request, handler), promise);
        } catch (RuntimeException | Error e) {
            promise.tryFailure(e);
        }
    }

    /**
     * Opens a tunnel that reads nothing until auto-read is turned on, so that handlers can be added once the tunnel exists.
     *
     * @param peer the HBONE peer
     * @param authority the destination
     * @param headers further headers
     * @return as {@link #connect(HboneDestination, Authority, List, ChannelHandler)}
     */
    public Future<TunnelChannel> connect(HboneDestination peer, Authority authority, List<Header> headers) {
        return connect(peer, authority, headers, new Unread());
    }

    private EventLoop loop() {
        for (EventExecutor loop : group) {
            if (loop.inEventLoop()) {
                return (EventLoop) loop;
            }
        }
        return group.next();
    }

    private HbonePool pool(EventLoop loop) {
        return pools.computeIfAbsent(loop, l -> {
            HbonePool pool = new HbonePool(l, certificates, connector, options, events);
            if (closed) {
                pool.close();
            }
            return pool;
        });
    }

    /** Takes no more tunnels. Pending requests fail, and each connection closes after its last tunnel. */
    public void drain() {
        closed = true;
        pools.forEach((loop, pool) -> loop.execute(pool::drain));
    }

    /** Takes no more tunnels and closes all connections now, which resets their tunnels. Idempotent; doesn't wait. */
    @Override
    public void close() {
        closed = true;
        pools.forEach((loop, pool) -> loop.execute(pool::close));
    }

    private static final class Unread extends ChannelHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(false);
            ctx.pipeline().remove(this);
        }
    }
}
