package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.config.Workload;
import io.inpod.hbone.Baggage;
import io.inpod.hbone.Forwarded;
import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a CONNECT request and its answer say about the workloads, for telemetry only: nothing is decided by it. */
final class TelemetryHeaders {
    private TelemetryHeaders() {}

    static List<Header> request(Workload source, InetSocketAddress client) {
        return List.of(baggage(source), Forwarded.of(client).header(), TraceParent.random().header());
    }

    static Header baggage(Workload workload) {
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put(Baggage.CLUSTER, workload.clusterId());
        entries.put(Baggage.NAMESPACE, workload.namespace());
        entries.put("k8s." + workload.workloadType() + ".name", workload.workloadName());
        entries.put(Baggage.SERVICE, workload.canonicalName());
        entries.put(Baggage.VERSION, workload.canonicalRevision());
        return Baggage.cleaned(entries).header();
    }
}
