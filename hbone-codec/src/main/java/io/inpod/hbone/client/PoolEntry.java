package io.inpod.hbone.client;

import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.internal.connection.ClientConnection;
import io.inpod.hbone.internal.tls.TlsContexts;
import io.inpod.hbone.internal.tls.TlsLayer;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The connections to one destination, and the requests that wait for one. Event loop only. */
final class PoolEntry implements ClientConnection.Listener {
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

    PoolEntry(HboneDestination destination, EventLoop loop, Connector connector, ClientTls tls, HboneOptions options,
            HboneEvents events, Runnable whenEmpty) {
        this.destination = destination;
        this.loop = loop;
        this.connector = connector;
        this.tls = tls;
        this.options = options;
        this.events = events;
        this.whenEmpty = whenEmpty;
    }

    void open(ConnectRequest request, ChannelHandler initializer, Promise<TunnelChannel> promise) {
        open(new Opening(this, destination, request, initializer, promise));
    }

    EventLoop loop() {
        return loop;
    }

    /** The time limit for the answer to CONNECT. */
    Duration answerTimeout() {
        return options.times().answer();
    }

    void open(Opening opening) {
        if (closed) {
            opening.fail(new IOException("the pool is closed"));
            return;
        }
        ClientConnection free = waiting.isEmpty() ? leastLoaded() : null;
        if (free != null) { // as nearly always
            opening.send(free);
            return;
        }
        if (waiting.size() >= options.limits().maxQueued()) {
            opening.fail(new IOException(
                    "too many requests (" + waiting.size() + ") wait for a connection to " + toSocketAddressString(destination.address())));
            return;
        }
        waiting.add(opening);
        serve();
        if (waiting.contains(opening)) {
            opening.waits(loop, options.times().queue());
        }
    }

    /** The request was cancelled, or has waited too long. */
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
                next.send(best);
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

    /** The attempt failed before there was an HTTP/2 connection: all waiting requests fail for the same reason. */
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
        ConnectAttempt current = attempt;
        if (current == null || !current.isFor(connection)) {
            connection.retire(); // it was given up meanwhile
            return;
        }
        attempt = null;
        if (connection.isGone()) {
            return;
        }
        connections.add(connection);
        if (connection.capacity() <= 0) {
            // Another connection wouldn't help: we would open one after the other without end.
            failWaiting(new IOException("the HBONE peer " + toSocketAddressString(destination.address())
                    + (connection.isDraining() ? " is going away (GOAWAY before the first tunnel)"
                            : " takes no tunnels (MAX_CONCURRENT_STREAMS 0)")));
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
            attemptFailed(current,
                    new IOException("HBONE connection to " + toSocketAddressString(destination.address())
                            + " failed before its first tunnel: " + reason));
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

    /**
     * Otherwise a connection that has no tunnels and takes none would stay until it has been idle long enough, and there could be one for
     * each request.
     */
    private static void retireIfUseless(ClientConnection connection) {
        if (connection.tunnels() == 0 && connection.capacity() <= 0 && !connection.isDraining()) {
            connection.retire();
        }
    }

    /** Takes no more tunnels; connections close after their last tunnel, or now. */
    void close(boolean now) {
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

    /** Retires connections, and opens again what is being opened: its certificates aren't known yet. Returns the number of the former. */
    int retire(Predicate<ConnectionIdentities> which, Duration deadline) {
        int retired = 0;
        for (ClientConnection c : new ArrayList<>(connections)) {
            ConnectionIdentities identities = c.identities();
            if (identities != null && which.test(identities)) {
                retired++;
                c.drain(deadline);
            }
        }
        ConnectAttempt current = attempt;
        if (current != null) {
            attempt = null;
            current.cancel();
            serve();
        }
        return retired;
    }

    /** Whether the entry can be dropped. */
    boolean isUnused() {
        return connections.isEmpty() && waiting.isEmpty() && attempt == null;
    }

    int connectionCount() {
        return connections.size();
    }

    /** Our certificate and what is expected of the peer's, as one function. */
    @FunctionalInterface
    interface ClientTls {
        /** The layer for a new connection. */
        CompletionStage<TlsLayer> layer(HboneDestination destination);

        /** TLS with a certificate from this source. */
        static ClientTls of(TlsContexts contexts, CertificateSource source, HboneOptions options) {
            return destination -> source.request(destination.source()).thenApply(certificate -> {
                try {
                    return TlsLayer.of(contexts.client(certificate, destination.source(), destination.expected()), certificate,
                            options.times().handshake());
                } catch (IOException e) {
                    throw new CompletionException(e);
                }
            });
        }
    }
}
