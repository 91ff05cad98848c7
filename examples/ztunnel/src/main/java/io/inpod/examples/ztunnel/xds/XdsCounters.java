package io.inpod.examples.ztunnel.xds;

import io.grpc.Status;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** Counts responses and ended streams with the names and labels of Istio's ztunnel. Thread-safe. */
final class XdsCounters implements MultiCollector {
    /** Why a stream has ended, in Istio's words. */
    enum Reason {
        /** There was no connection. */
        CONNECTION_ERROR("ConnectionError"),
        /** The connection or the stream was ended, as happens when a server is replaced. */
        RECONNECT("Reconnect"),
        /** The server has refused it. */
        ERROR("Error"),
        /** The server has ended it in order. */
        COMPLETE("Complete");

        private final String label;

        Reason(String label) {
            this.label = label;
        }

        static Reason of(Status status, boolean hasSpoken) {
            return switch (status.getCode()) {
                case OK -> COMPLETE;
                case UNKNOWN, CANCELLED, DEADLINE_EXCEEDED -> RECONNECT;
                case UNAVAILABLE -> hasSpoken ? RECONNECT : CONNECTION_ERROR;
                default -> ERROR;
            };
        }
    }

    private final Map<Reason, LongAdder> ended = new EnumMap<>(Reason.class);
    private final Map<String, LongAdder> messages = new TreeMap<>();
    private final Map<String, LongAdder> bytes = new TreeMap<>();

    /** Counts responses of these types only, so that a server can't create series. */
    XdsCounters(Collection<String> types) {
        for (Reason reason : Reason.values()) {
            ended.put(reason, new LongAdder());
        }
        types.forEach(type -> {
            messages.put(type, new LongAdder());
            bytes.put(type, new LongAdder());
        });
    }

    void ended(Reason reason) {
        add(ended, reason, 1);
    }

    void received(DeltaDiscoveryResponse response) {
        add(messages, response.getTypeUrl(), 1);
        add(bytes, response.getTypeUrl(),
                response.getResourcesList().stream().mapToLong(resource -> resource.getResource().getValue().size()).sum());
    }

    private static <K> void add(Map<K, LongAdder> to, K key, long number) {
        LongAdder counter = to.get(key);
        if (counter != null) {
            counter.add(number);
        }
    }

    @Override
    public MetricSnapshots collect() {
        return MetricSnapshots.of(
                counter("istio_xds_connection_terminations", "streams of the control plane that have ended (unstable)", "reason", ended,
                        reason -> reason.label),
                counter("istio_xds_message", "responses of the control plane (unstable)", "url", messages, type -> type),
                counter("istio_xds_message_bytes", "bytes of the resources in responses of the control plane (unstable)", "url", bytes,
                        type -> type));
    }

    private static <K> CounterSnapshot counter(String name, String help, String label, Map<K, LongAdder> counters,
            Function<K, String> value) {
        List<CounterDataPointSnapshot> points = counters.entrySet().stream().map(one -> new CounterDataPointSnapshot(
                (double) one.getValue().sum(), Labels.of(label, value.apply(one.getKey())), null, 0)).toList();
        return new CounterSnapshot(new MetricMetadata(name, help), points);
    }
}
