package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Baggage;
import io.inpod.hbone.Forwarded;
import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The headers with which CONNECT requests and their answers describe a workload. For telemetry only: no decision depends on them.
 *
 * @param baggage the workload's description, the same in all requests and answers
 */
record TelemetryHeaders(Header baggage) {
    static TelemetryHeaders of(Workload workload) {
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put(Baggage.CLUSTER, workload.telemetry().clusterId());
        entries.put(Baggage.NAMESPACE, workload.namespace());
        entries.put("k8s." + workload.telemetry().workloadType() + ".name", workload.telemetry().workloadName());
        entries.put(Baggage.SERVICE, workload.telemetry().canonicalName());
        entries.put(Baggage.VERSION, workload.telemetry().canonicalRevision());
        entries.put(Baggage.REGION, workload.locality().region());
        entries.put(Baggage.ZONE, workload.locality().zone());
        return new TelemetryHeaders(Baggage.cleaned(entries).header());
    }

    /** The headers of a request for a client, who called the host if there is one. */
    List<Header> request(InetSocketAddress client, @Nullable String host, Header trace) {
        Forwarded forwarded = Forwarded.of(client);
        return List.of(baggage, (host == null ? forwarded : forwarded.withHost(host)).header(), trace);
    }

    /** The headers of a request for several clients. */
    List<Header> request() {
        return List.of(baggage, TraceParent.randomHeader());
    }

    List<Header> answer() {
        return List.of(baggage);
    }
}
