package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.config.Workload;
import io.inpod.hbone.Header;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/** What a CONNECT request and its answer say about the workloads, for telemetry only: nothing is decided by it. */
final class TelemetryHeaders {
    private TelemetryHeaders() {}

    static List<Header> request(Workload source, InetSocketAddress client) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        String trace = String.format(Locale.ROOT, "00-%016x%016x-%016x-00", random.nextLong(), random.nextLong() | 1, random.nextLong() | 1);
        return List.of(
                baggage(source),
                new Header("forwarded", "for=\"" + AccessLog.text(client) + "\""),
                new Header("traceparent", trace));
    }

    /** See the W3C's Baggage; values aren't encoded, as with the peers that read it. */
    static Header baggage(Workload workload) {
        List<String> entries = new ArrayList<>();
        add(entries, "k8s.cluster.name", workload.clusterId());
        add(entries, "k8s.namespace.name", workload.namespace());
        add(entries, "k8s." + workload.workloadType() + ".name", workload.workloadName());
        add(entries, "service.name", workload.canonicalName());
        add(entries, "service.version", workload.canonicalRevision());
        return new Header("baggage", String.join(",", entries));
    }

    private static void add(List<String> entries, String key, String value) {
        String printable = value.replaceAll("[^!-~]|[,;=\"\\\\]", "_"); // whatever would end the entry or the header
        if (!printable.isEmpty()) {
            entries.add(key + "=" + printable);
        }
    }
}
