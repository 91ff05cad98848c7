package io.inpod.hbone.client;

import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.HboneTimes;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.internal.connection.Retirement;
import io.inpod.hbone.internal.tls.TlsContexts;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * The connecting side of HBONE: a pool of connections, each with several tunnels. A pool belongs to one event loop: all methods must be
 * called on that loop, and tunnels and their connections live on it.
 *
 * <p>Equal {@linkplain HboneDestination destinations} share connections; a new tunnel goes to the connection with the fewest tunnels.
 * Requests that arrive while a connection is being opened share that attempt and its failure. The pool waits for the peer's SETTINGS. When
 * all connections are full, by our limit or the peer's MAX_CONCURRENT_STREAMS, it opens another one; the queue for it is bounded in length
 * and time. A connection that received GOAWAY, or is older than {@link HboneTimes#maxAge}, takes no new tunnels and closes after its last
 * one. A request that the peer hasn't processed (REFUSED_STREAM, or above the last stream of GOAWAY) is sent again, on another connection
 * if need be, three times at most; so is a request that wasn't answered by a {@linkplain HboneTimes#silence silent} connection, or one that
 * was lost, unless the peer had violated the protocol. Nothing else is sent twice.
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
     * Creates a pool with the default options.
     *
     * @param loop the pool's event loop
     * @param certificates supplies our certificate, once per connection
     * @param connector opens TCP connections
     */
    public HbonePool(EventLoop loop, CertificateSource certificates, Connector connector) {
        this(loop, certificates, connector, HboneOptions.client(), HboneEvents.NONE);
    }

    /**
     * Creates a pool.
     *
     * @param loop the event loop
     * @param certificates source of our certificates
     * @param connector opens connections
     * @param options sizes, times and TLS
     * @param events receives events
     */
    public HbonePool(EventLoop loop, CertificateSource certificates, Connector connector, HboneOptions options, HboneEvents events) {
        this.loop = Objects.requireNonNull(loop, "loop");
        this.connector = Objects.requireNonNull(connector, "connector");
        this.options = Objects.requireNonNull(options, "options");
        this.events = Objects.requireNonNull(events, "events");
        this.tls = PoolEntry.ClientTls.of(new TlsContexts(options.tls()), certificates, options);
    }

    /**
     * Opens a tunnel. Cancelling the future cancels the request (RST_STREAM CANCEL).
     *
     * @param destination the HBONE peer
     * @param request the request to send
     * @param initializer added to the tunnel's pipeline before any byte is read; it may turn auto-read off or half-closure on
     * @return completes on the event loop after the peer has answered 200; fails with {@link TunnelRefusedException} for any other status,
     *     and with another {@link IOException} that names the failed step if there is no connection or no answer
     * @throws IllegalStateException if called from another thread
     */
    public Future<TunnelChannel> open(HboneDestination destination, ConnectRequest request, ChannelHandler initializer) {
        checkLoop();
        Promise<TunnelChannel> promise = loop.newPromise();
        if (closed) {
            return promise.setFailure(new IOException("the pool is closed"));
        }
        PoolEntry entry = entries.get(destination);
        if (entry == null) {
            entry = newEntry(destination);
            entries.put(destination, entry);
        }
        entry.open(request, initializer, promise);
        return promise;
    }

    private PoolEntry newEntry(HboneDestination destination) {
        // Not removed on the stack of open(), which still uses it.
        return new PoolEntry(destination, loop, connector, tls, options, events, () -> loop.execute(() -> removeIfUnused(destination)));
    }

    private void removeIfUnused(HboneDestination destination) {
        PoolEntry entry = entries.get(destination);
        if (entry != null && entry.isUnused()) {
            entries.remove(destination);
        }
    }

    /**
     * Returns the number of open connections.
     *
     * @return how many are ready for tunnels; those being opened don't count
     * @throws IllegalStateException if called from another thread
     */
    public int connections() {
        checkLoop();
        return entries.values().stream().mapToInt(PoolEntry::connectionCount).sum();
    }

    /**
     * Retires connections, for example because a key is compromised: they take no new tunnels and close after their last one. Requests and
     * later tunnels get new connections, so replace the certificate first. What is being opened is opened again.
     *
     * @param which chooses the connections
     * @param deadline how long their tunnels may continue, zero to a year; those that are left are reset. Zero resets them now
     * @return the number of connections that are being retired
     * @throws IllegalArgumentException if the deadline is out of range
     * @throws IllegalStateException if called from another thread
     */
    public int retire(Predicate<ConnectionIdentities> which, Duration deadline) {
        checkLoop();
        Objects.requireNonNull(which, "which");
        Retirement.checked(deadline);
        return new ArrayList<>(entries.values()).stream().mapToInt(entry -> entry.retire(which, deadline)).sum();
    }

    /**
     * Takes no more tunnels. Pending requests fail, and each connection closes after its last tunnel.
     *
     * @throws IllegalStateException if called from another thread
     */
    public void drain() {
        close(false);
    }

    /**
     * Takes no more tunnels and closes all connections now, which resets their tunnels. Idempotent.
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
            throw new IllegalStateException("a pool must be used on its event loop, not on " + Thread.currentThread().getName());
        }
    }
}
