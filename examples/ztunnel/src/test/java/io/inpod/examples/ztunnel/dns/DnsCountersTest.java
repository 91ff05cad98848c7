package io.inpod.examples.ztunnel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DnsCountersTest {
    private final DnsCounters counters = new DnsCounters();

    private static Telemetry called(String service, String revision) {
        return new Telemetry("deployment", "d", service, revision, "k");
    }

    private List<Double> requests() {
        return counters.collect().stream().filter(one -> one.getMetadata().getName().equals("istio_dns_requests"))
                .map(CounterSnapshot.class::cast).flatMap(one -> one.getDataPoints().stream()).map(CounterDataPointSnapshot::getValue)
                .toList();
    }

    /** A pod's owner chooses the name; two series with the same labels would make all metrics fail. */
    @Test
    void aServiceCalledUnknownIsCountedWithThoseWithoutAName() {
        counters.asked("A", false, called("", ""));
        counters.asked("A", false, called("unknown", ""));
        counters.asked("A", false, called("", "unknown"));
        counters.asked("NULL", false, called("overflow", "overflow"));
        assertThat(requests()).containsExactlyInAnyOrder(3.0, 1.0);
        counters.retain(Set.of(called("", "")));
        assertThat(requests()).contains(3.0);
    }
}
