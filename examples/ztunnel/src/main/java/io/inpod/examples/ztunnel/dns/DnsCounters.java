package io.inpod.examples.ztunnel.dns;

import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the questions of pods as Istio's ztunnel does: by the kind of record, the transport, and the client's service and version. Kinds
 * that pods rarely ask for are one, so that there are few. Thread-safe.
 */
public final class DnsCounters implements MultiCollector {
    private static final Set<String> KINDS = Set.of("A", "AAAA", "SRV", "PTR", "CNAME", "MX", "TXT", "NS", "SOA", "SVCB", "HTTPS");
    private static final String OTHER = "OTHER";
    private static final String UNKNOWN = "unknown";
    /** Of services and versions on a node, more than there are pods. */
    private static final int MOST_SERIES = 5000;
    private static final Asked OVERFLOW = new Asked(OTHER, false, "overflow", "overflow");

    private final Map<Asked, DnsSeries> series = new ConcurrentHashMap<>();
    private final LongAdder answered = new LongAdder();
    private final LongAdder refused = new LongAdder();

    /** Creates counters at zero. */
    public DnsCounters() {}

    /** What questions have in common that are counted together: the very labels, of which no two series may have the same. */
    private record Asked(String kind, boolean tcp, String service, String revision) {
        Labels labels() {
            return Labels.of("request_query_type", kind, "request_protocol", tcp ? "tcp" : "udp", "source_canonical_service", service,
                    "source_canonical_revision", revision);
        }
    }

    /**
     * How many questions there were.
     *
     * @param answered answered from the mesh
     * @param forwarded passed to name servers
     * @param failed of these, those without an answer
     * @param refused not passed on, because too many were waiting
     */
    public record Counts(long answered, long forwarded, long failed, long refused) {}

    /** {@return how many questions there were of the pods that are counted now} */
    public Counts counts() {
        return new Counts(answered.sum(), series.values().stream().mapToLong(DnsSeries::forwarded).sum(),
                series.values().stream().mapToLong(DnsSeries::failed).sum(), refused.sum());
    }

    /** Counts a question, and returns where its answer is counted. */
    DnsSeries asked(String kind, boolean tcp, Telemetry client) {
        Asked asked = new Asked(KINDS.contains(kind) ? kind : OTHER, tcp, label(client.canonicalName()),
                label(client.canonicalRevision()));
        DnsSeries counted = series.get(asked);
        if (counted == null) {
            Asked key = series.size() < MOST_SERIES ? asked : OVERFLOW;
            counted = series.computeIfAbsent(key, added -> new DnsSeries(added.labels()));
        }
        counted.asked();
        return counted;
    }

    private static String label(String value) {
        return value.isEmpty() ? UNKNOWN : value;
    }

    void answered() {
        answered.increment();
    }

    void refused() {
        refused.increment();
    }

    /**
     * Exposes no more what only pods have asked that have left.
     *
     * @param clients how the pods that are served now are described
     */
    public void retain(Set<Telemetry> clients) {
        Set<List<String>> there = ConcurrentHashMap.newKeySet();
        clients.forEach(client -> there.add(List.of(label(client.canonicalName()), label(client.canonicalRevision()))));
        series.keySet().removeIf(asked -> !asked.equals(OVERFLOW) && !there.contains(List.of(asked.service(), asked.revision())));
    }

    @Override
    public MetricSnapshots collect() {
        List<CounterDataPointSnapshot> requests = new ArrayList<>();
        List<CounterDataPointSnapshot> forwarded = new ArrayList<>();
        List<CounterDataPointSnapshot> failed = new ArrayList<>();
        List<HistogramDataPointSnapshot> durations = new ArrayList<>();
        series.values().forEach(one -> one.addTo(requests, forwarded, failed, durations));
        return MetricSnapshots.of(
                new CounterSnapshot(new MetricMetadata("istio_dns_requests", "DNS queries of pods (unstable)"), requests),
                new CounterSnapshot(new MetricMetadata("istio_dns_upstream_requests", "DNS queries that were forwarded (unstable)"),
                        forwarded),
                new CounterSnapshot(new MetricMetadata("istio_dns_upstream_failures", "forwarded DNS queries without an answer (unstable)"),
                        failed),
                new HistogramSnapshot(new MetricMetadata("istio_dns_upstream_request_duration_seconds",
                        "how long forwarded DNS queries waited for an answer (unstable)"), durations));
    }
}
