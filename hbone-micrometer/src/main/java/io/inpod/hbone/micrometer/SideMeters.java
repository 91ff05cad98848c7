package io.inpod.hbone.micrometer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The meters that clients and servers have separately. */
final class SideMeters {
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger tunnels = new AtomicInteger();
    private final Counter opened;
    private final Timer duration;
    private final Counter received;
    private final Counter sent;

    SideMeters(MeterRegistry registry, Tags tags) {
        Gauge.builder("hbone.connections", connections, AtomicInteger::get).tags(tags).strongReference(true).register(registry);
        Gauge.builder("hbone.tunnels", tunnels, AtomicInteger::get).tags(tags).strongReference(true).register(registry);
        this.opened = registry.counter("hbone.connections.opened", tags);
        this.duration = registry.timer("hbone.tunnels.duration", tags);
        this.received = Counter.builder("hbone.tunnels.received").baseUnit("bytes").tags(tags).register(registry);
        this.sent = Counter.builder("hbone.tunnels.sent").baseUnit("bytes").tags(tags).register(registry);
    }

    void connectionOpened() {
        connections.incrementAndGet();
        opened.increment();
    }

    void connectionClosed() {
        connections.decrementAndGet();
    }

    void tunnelOpened() {
        tunnels.incrementAndGet();
    }

    void tunnelClosed(long time, TimeUnit unit, long bytesReceived, long bytesSent) {
        tunnels.decrementAndGet();
        duration.record(time, unit);
        received.increment((double) bytesReceived);
        sent.increment((double) bytesSent);
    }
}
