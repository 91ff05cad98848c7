package io.inpod.examples.ztunnel.traffic;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import java.util.concurrent.atomic.LongAdder;

/** Counts the HBONE connections of one direction, and the tunnels in them. Thread-safe. */
public final class TunnelCounts implements HboneEvents {
    private final LongAdder connections = new LongAdder();
    private final LongAdder tunnels = new LongAdder();

    TunnelCounts() {}

    /** {@return how many connections are open} */
    public long connections() {
        return connections.sum();
    }

    /** {@return how many tunnels are open} */
    long tunnels() {
        return tunnels.sum();
    }

    @Override
    public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        connections.increment();
    }

    @Override
    public void connectionClosed(Channel connection, String reason) {
        connections.decrement();
    }

    @Override
    public void tunnelOpened(TunnelChannel tunnel) {
        tunnels.increment();
    }

    @Override
    public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        tunnels.decrement();
    }
}
