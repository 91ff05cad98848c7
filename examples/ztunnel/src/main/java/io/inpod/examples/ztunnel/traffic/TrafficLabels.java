package io.inpod.examples.ztunnel.traffic;

import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The labels of Istio's TCP metrics. */
final class TrafficLabels {
    private static final String UNKNOWN = "unknown";
    /** What stands for everything that has no series of its own. */
    private static final String OVERFLOW = "overflow";

    private final List<String> names = new ArrayList<>();
    private final List<String> values = new ArrayList<>();

    private TrafficLabels() {}

    /** Returns the labels of connections, except {@code response_flags}. */
    static Labels of(TrafficKey key) {
        TrafficLabels labels = new TrafficLabels();
        labels.add("reporter", key.inbound() ? "destination" : "source");
        labels.addWorkload("source_", key.source(), key.sourceIdentity() == null ? "" : key.sourceIdentity().toString());
        labels.addService(key.service());
        labels.addWorkload("destination_", key.destination(),
                key.destinationIdentity() == null ? "" : key.destinationIdentity().toString());
        labels.add("request_protocol", "tcp");
        labels.add("connection_security_policy", key.tunnel() ? "mutual_tls" : UNKNOWN);
        return Labels.of(labels.names, labels.values);
    }

    /** Returns the labels of all connections that have no series of their own. */
    static Labels overflow(boolean inbound) {
        Labels unknown = of(new TrafficKey(inbound, null, null, null, null, null, false));
        List<String> names = new ArrayList<>();
        List<String> values = new ArrayList<>();
        unknown.forEach(label -> {
            names.add(label.getName());
            values.add(label.getName().endsWith("_workload") ? OVERFLOW : label.getValue());
        });
        return Labels.of(names, values);
    }

    private void addWorkload(String end, @Nullable Workload workload, String principal) {
        Telemetry telemetry = workload == null ? Telemetry.NONE : workload.telemetry();
        Locality locality = workload == null ? Locality.UNKNOWN : workload.locality();
        add(end + "workload", telemetry.workloadName());
        add(end + "canonical_service", telemetry.canonicalName());
        add(end + "canonical_revision", telemetry.canonicalRevision());
        add(end + "workload_namespace", workload == null ? "" : workload.namespace());
        add(end + "principal", principal);
        add(end + "app", telemetry.canonicalName());
        add(end + "version", telemetry.canonicalRevision());
        add(end + "cluster", telemetry.clusterId());
        add(end + "region", locality.region());
        add(end + "zone", locality.zone());
    }

    private void addService(@Nullable Service service) {
        add("destination_service", service == null ? "" : service.hostname().hostname());
        add("destination_service_namespace", service == null ? "" : service.namespace());
        add("destination_service_name", service == null ? "" : service.name());
    }

    private void add(String name, String value) {
        names.add(name);
        values.add(value.isEmpty() ? UNKNOWN : value);
    }
}
