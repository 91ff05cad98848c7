package io.inpod.hbone;

import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.internal.PoolEntry;
import io.inpod.hbone.internal.TlsContexts;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The connecting side of HBONE: tunnels, several on a connection. One pool per event loop; every method is called on that loop, and
 * tunnels and their connections live on it.
 *
 * <p>Equal {@linkplain HboneDestination destinations} share connections; a new tunnel goes to the one with the fewest. Who asks while a connection is
 * being made shares that attempt, and its failure. When all connections are full (by our limit or the peer's MAX_CONCURRENT_STREAMS, which is
 * waited for) another one is made; the queue for it is bounded in length and time. A connection that got GOAWAY, or is older than
 * {@link HboneTimes#maxAge}, takes no new tunnels and closes after its last one. What the peer says it hasn't looked at (REFUSED_STREAM, or above the
 * last stream of GOAWAY) is asked again, on another connection if need be, three times at most; so is what a connection that has fallen
 * {@linkplain HboneTimes#silence silent} hasn't answered. Nothing else is sent twice.
 */
public final class HbonePool implements AutoCloseable {
    private final EventLoop loop;
    private final Connector connector;
    private final HboneOptions options;
    private final HboneEvents events;
    private final PoolEntry.ClientTls tls;
    private final Map<HboneDestination, PoolEntry> entries = new HashMap<>();
    private boolean closed;

    /**
     * A pool with the usual options.
     *
     * @param loop the event loop it lives on
     * @param certificates our certificates; asked once per connection
     * @param connector makes TCP connections
     */
    public HbonePool(EventLoop loop, CertificateSource certificates, Connector connector) {
        this(loop, certificates, connector, HboneOptions.client(), HboneEvents.NONE);
    }

    /**
     * A pool.
     *
     * @param loop the event loop it lives on
     * @param certificates our certificates; asked once per connection
     * @param connector makes TCP connections
     * @param options sizes and times
     * @param events hears of failures
     */
    public HbonePool(EventLoop loop, CertificateSource certificates, Connector connector, HboneOptions options, HboneEvents events) {
        this.loop = Objects.requireNonNull(loop);
        this.connector = Objects.requireNonNull(connector);
        this.options = Objects.requireNonNull(options);
        this.events = Objects.requireNonNull(events);
        this.tls = PoolEntry.ClientTls.of(new TlsContexts(options.tls()), certificates, options);
    }

    /**
     * Opens a tunnel. Cancelling the future takes the request back (RST_STREAM CANCEL).
     *
     * @param destination the HBONE peer
     * @param request what to ask it for
     * @param initializer added to the tunnel's pipeline before any byte is read; turn auto-read off or half-closure on there
     * @return completes on the event loop, after the peer has answered 200; fails with {@link TunnelRefusedException} for any other status and
     *     another {@link IOException} if there is no connection or no answer, saying which step failed
     * @throws IllegalStateException if called from another thread
     */
    public Future<TunnelChannel> open(HboneDestination destination, ConnectRequest request, ChannelHandler initializer) {
        checkLoop();
        Promise<TunnelChannel> promise = loop.newPromise();
        if (closed) {
            return promise.setFailure(new IOException("the pool is closed"));
        }
        entries.computeIfAbsent(destination, this::newEntry).open(request, initializer, promise);
        return promise;
    }

    private PoolEntry newEntry(HboneDestination destination) {
        // Never removed on the stack of open(), which may run inside computeIfAbsent's caller.
        return new PoolEntry(destination, loop, connector, tls, options, events, () -> loop.execute(() -> removeIfUnused(destination)));
    }

    private void removeIfUnused(HboneDestination destination) {
        PoolEntry entry = entries.get(destination);
        if (entry != null && entry.isUnused()) {
            entries.remove(destination);
        }
    }

    /**
     * How many connections are open.
     *
     * @return ready connections, without those still being made
     * @throws IllegalStateException if called from another thread
     */
    public int connections() {
        checkLoop();
        return entries.values().stream().mapToInt(PoolEntry::connectionCount).sum();
    }

    /**
     * Takes no more tunnels; who waits fails, and each connection closes after its last tunnel.
     *
     * @throws IllegalStateException if called from another thread
     */
    public void drain() {
        close(false);
    }

    /**
     * Takes no more tunnels and closes all connections now; tunnels that run are reset. Idempotent.
     *
     * @throws IllegalStateException if called from another thread
     */
    @Override
    public void close() {
        close(true);
    }

    private void close(boolean now) {
        checkLoop();
        closed = true;
        new ArrayList<>(entries.values()).forEach(entry -> entry.close(now));
    }

    private void checkLoop() {
        if (!loop.inEventLoop()) {
            throw new IllegalStateException("a pool is used on its event loop only, not on " + Thread.currentThread().getName());
        }
    }
}
