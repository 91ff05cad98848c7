package io.inpod.examples.ztunnel.traffic;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneTls;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts the HBONE connections of one direction, and the tunnels in them. Thread-safe. */
public final class TunnelCounts implements HboneEvents {
    private final LongAdder connections = new LongAdder();
    private final LongAdder connectionsOpened = new LongAdder();
    private final LongAdder connectionsFailed = new LongAdder();
    private final LongAdder tunnelsOpened = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final Set<TunnelChannel> tunnels = ConcurrentHashMap.newKeySet();

    TunnelCounts() {}

    /** {@return how many connections are open} */
    public long connections() {
        return connections.sum();
    }

    /** {@return how many tunnels are open} */
    long tunnels() {
        return tunnels.size();
    }

    /** {@return of these, those to which nothing can be written now: the peer gives no credit, or the connection takes no more} */
    long blocked() {
        return tunnels.stream().filter(tunnel -> !tunnel.isWritable()).count();
    }

    /** {@return how many connections were opened since the start} */
    long connectionsOpened() {
        return connectionsOpened.sum();
    }

    /** {@return how many connections have ended since the start before they could carry a tunnel} */
    long connectionsFailed() {
        return connectionsFailed.sum();
    }

    /** {@return how many tunnels were opened since the start} */
    long tunnelsOpened() {
        return tunnelsOpened.sum();
    }

    /** {@return how many connections were refused or ended since the start because a certificate was revoked} */
    long rejections() {
        return rejected.sum();
    }

    void rejected() {
        rejected.increment();
    }

    /** {@return what counts handshakes that fail because a certificate is revoked, and nothing else} */
    public HboneEvents onlyRejected() {
        return new HboneEvents() {
            @Override
            public void handshakeFailed(Channel connection, String reason) {
                countRejected(reason);
            }
        };
    }

    private void countRejected(String reason) {
        if (reason.contains(HboneTls.REVOKED)) {
            rejected();
        }
    }

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        connectionsFailed.increment();
        countRejected(reason);
    }

    @Override
    public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        connections.increment();
        connectionsOpened.increment();
    }

    @Override
    public void connectionClosed(Channel connection, String reason) {
        connections.decrement();
    }

    @Override
    public void tunnelOpened(TunnelChannel tunnel) {
        tunnels.add(tunnel);
        tunnelsOpened.increment();
    }

    @Override
    public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        tunnels.remove(tunnel);
    }
}
