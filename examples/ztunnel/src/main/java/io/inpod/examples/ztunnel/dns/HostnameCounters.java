package io.inpod.examples.ztunnel.dns;

import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * Counts how often workloads without addresses were looked up by their hostnames, as Istio's ztunnel does: by the client, and the hostname,
 * which the mesh has. Thread-safe.
 */
public final class HostnameCounters implements MultiCollector {
    private static final String UNKNOWN = "unknown";
    /** More than a node has pods that connect to such workloads. */
    private static final int MOST_SERIES = 1000;
    private static final LookedUp OVERFLOW = new LookedUp(Telemetry.NONE, "", "", "overflow");

    private final Map<LookedUp, LongAdder> series = new ConcurrentHashMap<>();

    /** Creates counters at zero. */
    public HostnameCounters() {}

    private record LookedUp(Telemetry client, String namespace, String principal, String hostname) {
        Labels labels() {
            return Labels.of("source_workload", label(client.workloadName()), "source_canonical_service", label(client.canonicalName()),
                    "source_canonical_revision", label(client.canonicalRevision()), "source_workload_namespace", label(namespace),
                    "source_principal", label(principal), "source_app", label(client.canonicalName()), "source_version",
                    label(client.canonicalRevision()), "source_cluster", label(client.clusterId()), "hostname", label(hostname));
        }

        /** The labels as they are exposed, and nothing else: no two series may have the same. */
        static LookedUp of(Workload client, String hostname) {
            Telemetry described = client.telemetry();
            return new LookedUp(new Telemetry("", label(described.workloadName()), label(described.canonicalName()),
                    label(described.canonicalRevision()), label(described.clusterId())), label(client.namespace()),
                    label(client.identity().toString()), label(hostname));
        }

        private static String label(String value) {
            return value.isEmpty() ? UNKNOWN : value;
        }
    }

    /**
     * Counts a look-up.
     *
     * @param client for whom
     * @param hostname what is looked up
     */
    public void lookedUp(Workload client, String hostname) {
        LookedUp key = LookedUp.of(client, hostname);
        LongAdder counted = series.get(key);
        if (counted == null) {
            counted = series.computeIfAbsent(series.size() < MOST_SERIES ? key : OVERFLOW, added -> new LongAdder());
        }
        counted.increment();
    }

    /**
     * Exposes no more what only pods have looked up that have left.
     *
     * @param clients how the pods that are served now are described
     */
    public void retain(Set<Telemetry> clients) {
        Set<List<String>> there = ConcurrentHashMap.newKeySet();
        clients.forEach(client -> there.add(names(client)));
        series.keySet().removeIf(one -> !one.equals(OVERFLOW) && !there.contains(names(one.client())));
    }

    private static List<String> names(Telemetry client) {
        return Stream.of(client.workloadName(), client.canonicalName(), client.canonicalRevision(), client.clusterId()).map(LookedUp::label)
                .toList();
    }

    @Override
    public MetricSnapshots collect() {
        return MetricSnapshots.of(new CounterSnapshot(
                new MetricMetadata("istio_on_demand_dns", "look-ups of workloads without addresses by their hostnames (unstable)"),
                series.entrySet().stream().map(one -> new CounterDataPointSnapshot((double) one.getValue().sum(), one.getKey().labels(),
                        null, 0)).toList()));
    }
}
