package io.inpod.hbone.micrometer;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AttributeKey;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Counts events with Micrometer and passes them on. The meters are listed in the module's README; no tag has more values than the protocol
 * has codes, so that no peer can create meters. One instance serves any number of clients and servers. Thread-safe.
 */
public final class HboneMeters implements HboneEvents {
    private static final AttributeKey<Boolean> ACCEPTED = AttributeKey.valueOf(HboneMeters.class, "accepted");

    private final MeterRegistry registry;
    private final Tags tags;
    private final HboneEvents next;
    private final SideMeters client;
    private final SideMeters server;
    private final Counter connectionsFailed;
    private final Counter handshakesFailed;
    private final Counter requestsExpired;
    private final Counter handlersFailed;
    /** When each open tunnel was opened, by the registry's clock. */
    private final Map<Channel, Long> tunnels = new ConcurrentHashMap<>();

    /**
     * Creates meters without tags of the caller's.
     *
     * @param registry where the meters are registered; remains the caller's
     */
    public HboneMeters(MeterRegistry registry) {
        this(registry, Tags.empty(), HboneEvents.NONE);
    }

    /**
     * Creates meters.
     *
     * @param registry where the meters are registered; remains the caller's
     * @param tags are added to each meter
     * @param next receives all events too
     */
    public HboneMeters(MeterRegistry registry, Iterable<Tag> tags, HboneEvents next) {
        this.registry = Objects.requireNonNull(registry, "registry");
        this.tags = Tags.of(Objects.requireNonNull(tags, "tags"));
        this.next = Objects.requireNonNull(next, "next");
        this.client = new SideMeters(registry, this.tags.and("side", "client"));
        this.server = new SideMeters(registry, this.tags.and("side", "server"));
        this.connectionsFailed = registry.counter("hbone.connections.failed", this.tags);
        this.handshakesFailed = registry.counter("hbone.handshakes.failed", this.tags);
        this.requestsExpired = registry.counter("hbone.requests.expired", this.tags);
        this.handlersFailed = registry.counter("hbone.handlers.failed", this.tags);
    }

    private SideMeters side(Channel connection) {
        return Boolean.TRUE.equals(connection.attr(ACCEPTED).get()) ? server : client;
    }

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        handshakesFailed.increment();
        next.handshakeFailed(connection, reason);
    }

    @Override
    public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        connection.attr(ACCEPTED).set(accepted);
        side(connection).connectionOpened();
        next.connectionOpened(connection, peer, accepted);
    }

    @Override
    public void connectionClosed(Channel connection, String reason) {
        side(connection).connectionClosed();
        next.connectionClosed(connection, reason);
    }

    @Override
    public void connectionFailed(Channel connection, String reason) {
        connectionsFailed.increment();
        next.connectionFailed(connection, reason);
    }

    @Override
    public void handlerFailed(Channel connection, Throwable cause) {
        handlersFailed.increment();
        next.handlerFailed(connection, cause);
    }

    @Override
    public void requestExpired(Channel connection, Duration patience) {
        requestsExpired.increment();
        next.requestExpired(connection, patience);
    }

    @Override
    public void tunnelOpened(TunnelChannel tunnel) {
        tunnels.put(tunnel, registry.config().clock().monotonicTime());
        side(tunnel.parent()).tunnelOpened();
        next.tunnelOpened(tunnel);
    }

    @Override
    public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        Long opened = tunnels.remove(tunnel);
        if (opened != null) {
            side(tunnel.parent()).tunnelClosed(registry.config().clock().monotonicTime() - opened, TimeUnit.NANOSECONDS, received, sent);
        }
        next.tunnelClosed(tunnel, received, sent);
    }

    @Override
    public void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) {
        count("hbone.resets", errorCode, byPeer);
        next.streamReset(connection, stream, errorCode, byPeer);
    }

    @Override
    public void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) {
        count("hbone.goaways", errorCode, byPeer);
        next.goAway(connection, lastStream, errorCode, byPeer);
    }

    private void count(String name, long errorCode, boolean byPeer) {
        Http2Error known = Http2Error.valueOf(errorCode);
        String code = known == null ? "other" : known.name().toLowerCase(Locale.ROOT);
        registry.counter(name, tags.and("by", byPeer ? "peer" : "us", "code", code)).increment();
    }

    @Override
    public @Nullable Consumer<String> frameLog(Channel connection) {
        return next.frameLog(connection);
    }
}
