package io.inpod.hbone.internal;

import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.Connector;
import io.inpod.hbone.HboneDestination;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.CertificateSource;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** All connections to one destination, and who waits for one. Event loop only. */
public final class PoolEntry implements ClientConnection.Listener {
    private final HboneDestination destination;
    private final EventLoop loop;
    private final Connector connector;
    private final ClientTls tls;
    private final HboneOptions options;
    private final HboneEvents events;
    private final Runnable whenEmpty;
    private final List<ClientConnection> connections = new ArrayList<>();
    private final LinkedHashSet<Opening> waiting = new LinkedHashSet<>();
    private @Nullable ConnectAttempt attempt;
    private boolean closed;

    /** Makes an entry without connections. */
    public PoolEntry(HboneDestination destination, EventLoop loop, Connector connector, ClientTls tls, HboneOptions options,
            HboneEvents events, Runnable whenEmpty) {
        this.destination = destination;
        this.loop = loop;
        this.connector = connector;
        this.tls = tls;
        this.options = options;
        this.events = events;
        this.whenEmpty = whenEmpty;
    }

    /** Asks for a tunnel. */
    public void open(ConnectRequest request, ChannelHandler initializer, Promise<TunnelChannel> promise) {
        open(new Opening(this, destination, request, initializer, promise));
    }

    void open(Opening opening) {
        if (closed) {
            opening.fail(new IOException("the pool is closed"));
            return;
        }
        if (waiting.size() >= options.limits().maxQueued()) {
            opening.fail(new IOException("too many requests (" + waiting.size() + ") wait for a connection to " + destination.address()));
            return;
        }
        waiting.add(opening);
        serve();
        if (waiting.contains(opening)) {
            opening.waits(loop, options.times().queue());
        }
    }

    /** Cancelled, or out of patience. */
    void leave(Opening opening) {
        waiting.remove(opening);
    }

    private void serve() {
        while (!waiting.isEmpty()) {
            ClientConnection best = leastLoaded();
            if (best == null) {
                if (attempt == null && !closed) {
                    connect();
                }
                return;
            }
            Opening next = waiting.iterator().next();
            waiting.remove(next);
            if (!next.isDone()) {
                best.open(next);
            }
        }
        if (connections.isEmpty() && attempt == null) {
            whenEmpty.run();
        }
    }

    private @Nullable ClientConnection leastLoaded() {
        ClientConnection best = null;
        for (ClientConnection c : connections) {
            if (c.capacity() > 0 && (best == null || c.tunnels() < best.tunnels())) {
                best = c;
            }
        }
        return best;
    }

    private void connect() {
        ConnectAttempt started = new ConnectAttempt(destination, loop, options, events, this);
        attempt = started;
        started.start(connector, tls);
    }

    /** The attempt failed before there was an HTTP/2 connection: everybody who waits hears the same. */
    void attemptFailed(ConnectAttempt failed, IOException reason) {
        if (attempt == failed) {
            attempt = null;
            failWaiting(reason);
            serve();
        }
    }

    private void failWaiting(IOException reason) {
        List<Opening> all = new ArrayList<>(waiting);
        waiting.clear();
        all.forEach(o -> o.fail(reason));
    }

    @Override
    public void connected(ClientConnection connection) {
        attempt = null;
        if (connection.isGone()) {
            return;
        }
        connections.add(connection);
        if (connection.capacity() <= 0) {
            // Another connection wouldn't help: they would follow each other as fast as we make them.
            failWaiting(new IOException("the HBONE peer " + destination.address()
                    + (connection.draining ? " is going away (GOAWAY before the first tunnel)" : " takes no tunnels (MAX_CONCURRENT_STREAMS 0)")));
        }
        if (closed) {
            connection.retire();
        }
        retireIfUseless(connection);
        serve();
    }

    @Override
    public void gone(ClientConnection connection, String reason) {
        ConnectAttempt current = attempt;
        if (!connections.remove(connection) && current != null && current.isFor(connection)) {
            attemptFailed(current, new IOException("HBONE connection to " + destination.address() + " failed before its first tunnel: " + reason));
            return;
        }
        serve();
    }

    @Override
    public void capacityChanged(ClientConnection connection) {
        retireIfUseless(connection);
        if (!waiting.isEmpty()) {
            serve();
        }
    }

    /** One that has no tunnels and takes none would be kept until it is idle for long enough, and as many of them as there were requests. */
    private static void retireIfUseless(ClientConnection connection) {
        if (connection.tunnels() == 0 && connection.capacity() <= 0 && !connection.draining) {
            connection.retire();
        }
    }

    /** Takes no more tunnels; connections close after their last one, or now. */
    public void close(boolean now) {
        closed = true;
        ConnectAttempt current = attempt;
        attempt = null;
        if (current != null) {
            current.cancel();
        }
        failWaiting(new IOException("the pool is closed"));
        for (ClientConnection c : new ArrayList<>(connections)) {
            if (now) {
                c.closeQuietly();
            } else {
                c.retire();
            }
        }
    }

    /** Whether nothing hangs on it. */
    public boolean isUnused() {
        return connections.isEmpty() && waiting.isEmpty() && attempt == null;
    }

    /** How many connections there are. */
    public int connectionCount() {
        return connections.size();
    }

    /** Where our own certificate comes from and what is expected of the peer's, as one function. */
    @FunctionalInterface
    public interface ClientTls {
        /** The layer for a new connection. */
        CompletionStage<TlsLayer> layer(HboneDestination destination);

        /** The usual one. */
        static ClientTls of(TlsContexts contexts, CertificateSource source, HboneOptions options) {
            return destination -> source.request(destination.source()).thenApply(certificate -> {
                try {
                    return TlsLayer.of(contexts.client(certificate, destination.source(), destination.expected()), options.times().handshake());
                } catch (IOException e) {
                    throw new CompletionException(e);
                }
            });
        }
    }
}
