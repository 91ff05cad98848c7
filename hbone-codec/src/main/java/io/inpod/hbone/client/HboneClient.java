package io.inpod.hbone.client;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.internal.connection.Retirement;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.PromiseNotifier;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

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
        this.group = Objects.requireNonNull(group, "group");
        this.certificates = Objects.requireNonNull(certificates, "certificates");
        this.connector = Objects.requireNonNull(connector, "connector");
        this.options = Objects.requireNonNull(options, "options");
        this.events = Objects.requireNonNull(events, "events");
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

    /**
     * Returns a factory of channels that are tunnels, for everything that takes one instead of a socket: a {@code Bootstrap}, grpc-netty's
     * {@code NettyChannelBuilder.channelFactory}. Where such a channel connects to becomes the tunnel's destination; the tunnel leads
     * through the peer. An address that isn't resolved is passed on as a name ({@code Bootstrap.disableResolver()}), for the peer to look
     * up.
     *
     * <p>The channels behave like sockets, and like {@link TunnelChannel} in every other respect. They can't be bound. They run on the
     * event loop with which they are registered, which must be able to carry the {@link Connector}'s channels; it may be one of this
     * client's.
     *
     * @param peer the HBONE peer, our identity, and the identity that we expect of the peer
     * @param headers further headers of each request
     * @return the factory
     */
    public ChannelFactory<DuplexChannel> channels(HboneDestination peer, List<Header> headers) {
        Objects.requireNonNull(peer, "peer");
        List<Header> copy = List.copyOf(headers);
        return () -> new TunnelSocket((loop, authority, handler) -> pool(loop).open(peer, new ConnectRequest(authority, copy), handler));
    }

    /**
     * Returns a factory of channels that are tunnels, without further headers.
     *
     * @param peer as for {@link #channels(HboneDestination, List)}
     * @return the factory
     */
    public ChannelFactory<DuplexChannel> channels(HboneDestination peer) {
        return channels(peer, List.of());
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

    /**
     * Retires connections of all loops, for example because a key is compromised, as {@link HbonePool#retire} does:
     * {@code hbone.retire(connection -> connection.involves(stolen), Duration.ZERO)}.
     *
     * @param which chooses the connections; called on the event loops
     * @param deadline how long their tunnels may continue, zero to a year; zero resets them now
     * @return completes on any of the event loops with the number of connections that are being retired, or with what {@code which} threw
     * @throws IllegalArgumentException if the deadline is out of range
     */
    public CompletionStage<Integer> retire(Predicate<ConnectionIdentities> which, Duration deadline) {
        Objects.requireNonNull(which, "which");
        Retirement.checked(deadline);
        return Retirement.ofAll(List.copyOf(pools.entrySet()), Map.Entry::getKey, pool -> pool.getValue().retire(which, deadline));
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
