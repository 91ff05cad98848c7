package io.inpod.hbone.opentelemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.LongUpDownCounter;
import io.opentelemetry.api.metrics.Meter;
import java.time.Duration;
import java.util.List;

/** The metrics that clients and servers have separately. */
final class SideMetrics {
    /** Tunnels last as long as TCP connections do: from less than a second to days. */
    private static final List<Double> SECONDS = List.of(0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0);

    private final Attributes attributes;
    private final LongUpDownCounter connections;
    private final LongUpDownCounter tunnels;
    private final LongCounter opened;
    private final DoubleHistogram duration;
    private final LongCounter received;
    private final LongCounter sent;

    SideMetrics(Meter meter, Attributes attributes) {
        this.attributes = attributes;
        this.connections = meter.upDownCounterBuilder("hbone.connections").build();
        this.tunnels = meter.upDownCounterBuilder("hbone.tunnels").build();
        this.opened = meter.counterBuilder("hbone.connections.opened").build();
        this.duration = meter.histogramBuilder("hbone.tunnels.duration").setUnit("s").setExplicitBucketBoundariesAdvice(SECONDS).build();
        this.received = meter.counterBuilder("hbone.tunnels.received").setUnit("By").build();
        this.sent = meter.counterBuilder("hbone.tunnels.sent").setUnit("By").build();
    }

    void connectionOpened() {
        connections.add(1, attributes);
        opened.add(1, attributes);
    }

    void connectionClosed() {
        connections.add(-1, attributes);
    }

    void tunnelOpened() {
        tunnels.add(1, attributes);
    }

    void tunnelClosed(Duration time, long bytesReceived, long bytesSent) {
        tunnels.add(-1, attributes);
        duration.record(time.toNanos() / 1e9, attributes);
        received.add(bytesReceived, attributes);
        sent.add(bytesSent, attributes);
    }
}
