package io.inpod.examples.ztunnel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HostnameCountersTest {
    private final HostnameCounters counters = new HostnameCounters();

    private static Workload pod(String uid, Telemetry telemetry) {
        return Workload.builder(uid, "n").serviceAccount("a").telemetry(telemetry).build();
    }

    private static Telemetry telemetry(String type, String name, String revision) {
        return new Telemetry(type, name, "service", revision, "k");
    }

    /** The values by labels, of which no two may be the same: all metrics would fail. */
    private Map<List<String>, Double> series() {
        Map<List<String>, Double> values = new HashMap<>();
        CounterSnapshot metric = (CounterSnapshot) counters.collect().stream().toList().get(0);
        for (CounterDataPointSnapshot point : metric.getDataPoints()) {
            assertThat(values.put(List.of(point.getLabels().get("source_workload"), point.getLabels().get("source_version"),
                    point.getLabels().get("hostname")), point.getValue())).as("a second series with the labels %s", point.getLabels()).isNull();
        }
        return values;
    }

    @Test
    void whatHasTheSameLabelsIsOneSeries() {
        counters.lookedUp(pod("1", telemetry("deployment", "w", "")), "h");
        counters.lookedUp(pod("2", telemetry("deployment", "w", "unknown")), "h");
        counters.lookedUp(pod("3", telemetry("cronjob", "w", "")), "h");
        counters.lookedUp(pod("4", telemetry("deployment", "", "")), "h");
        counters.lookedUp(pod("5", telemetry("deployment", "unknown", "")), "");
        counters.lookedUp(pod("6", telemetry("deployment", "", "unknown")), "unknown");
        assertThat(series()).isEqualTo(Map.of(List.of("w", "unknown", "h"), 3.0, List.of("unknown", "unknown", "h"), 1.0,
                List.of("unknown", "unknown", "unknown"), 2.0));
    }

    @Test
    void whatOnlyPodsHaveLookedUpThatHaveLeftIsForgotten() {
        counters.lookedUp(pod("1", telemetry("deployment", "w", "")), "h");
        counters.lookedUp(pod("2", telemetry("deployment", "v", "")), "h");
        counters.retain(Set.of(telemetry("cronjob", "w", "unknown")));
        assertThat(series()).isEqualTo(Map.of(List.of("w", "unknown", "h"), 1.0));
    }

    @Test
    void beyondAThousandTheRestIsOneSeries() {
        for (int i = 0; i < 1_100; i++) {
            counters.lookedUp(pod("1", telemetry("deployment", "w", "")), "h" + i);
        }
        assertThat(series()).hasSize(1_001).containsEntry(List.of("unknown", "unknown", "overflow"), 100.0);
        counters.retain(Set.of());
        assertThat(series().keySet()).containsExactly(List.of("unknown", "unknown", "overflow"));
    }
}
