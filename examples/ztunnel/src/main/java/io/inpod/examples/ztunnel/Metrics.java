package io.inpod.examples.ztunnel;

import io.inpod.examples.ztunnel.dns.DnsCounters;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.health.OutboundFailures;
import io.inpod.examples.ztunnel.health.Scrape;
import io.inpod.examples.ztunnel.identity.OwnCertificates;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.examples.ztunnel.inpod.StateManager;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.live.Denials;
import io.inpod.examples.ztunnel.log.LogQueue;
import io.inpod.examples.ztunnel.policy.Verdict.Basis;
import io.inpod.examples.ztunnel.source.MeshSource;
import io.inpod.examples.ztunnel.trace.Traces;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.tproxy.share.Holdings;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * What the proxy has counted, for Prometheus. Where Istio's ztunnel counts the same, names, labels and types are Istio's. No label has
 * values that clients choose: they come from the mesh, or are fixed.
 */
final class Metrics {
    private final PrometheusRegistry registry = new PrometheusRegistry();

    Metrics(MeshSource source, Denials denials, Counters counters, StateManager pods, OwnCertificates own,
            Supplier<List<CertificateStatus>> certificates, LogLines lines, Traces traces,
            Holdings holdings) {
        String version = Metrics.class.getPackage().getImplementationVersion();
        GaugeWithCallback.builder().name("istio_build").help("what runs here").labelNames("component", "tag")
                .callback(to -> to.call(1, "ztunnel", version == null ? "unknown" : version)).register(registry);
        registry.register(counters.traffic());
        registry.register(counters.hostnames());
        ofShares(holdings);
        ofPods(pods);
        ofMesh(source);
        ofPolicies(denials);
        ofNames(counters.dns());
        ofCertificates(own, certificates);
        count("inpod_outbound_failed_total", "outbound connections of pods that were not connected", "reason",
                OutboundFailures.Reason.values(),
                reason -> counters.outbound().count(reason));
        count("inpod_traffic_overflow_total", "connections that istio_tcp_... counts together because there are too many series",
                counters.traffic()::overflowed);
        gauge("inpod_traffic_series", "combinations of labels in istio_tcp_...", counters.traffic()::series);
        count("inpod_log_left_out_total", "log lines about connections that were left out because of shares", lines::leftOut);
        count("inpod_log_lost_total", "log lines that were lost because nobody read the output", LogQueue.configured()::lost);
        count("inpod_trace_spans_exported_total", "spans of connections that a receiver of traces has taken", traces::exported);
        count("inpod_trace_spans_lost_total", "spans that were lost: too many were waiting, or the receiver didn't take them",
                traces::lost);
        new ProcessMetrics(registry).register();
    }

    /** {@return where others add what they count} */
    PrometheusRegistry registry() {
        return registry;
    }

    private void ofPods(StateManager pods) {
        gauge("workload_manager_active_proxy_count", "pods that are served (unstable)", pods::served);
        gauge("workload_manager_pending_proxy_count", "pods that can't be served, and are retried (unstable)", pods::waiting);
        count("workload_manager_proxies_started_total", "times that a pod began to be served (unstable)", pods::started);
        count("workload_manager_proxies_stopped_total", "times that a pod ceased to be served (unstable)", pods::stopped);
    }

    private void ofMesh(MeshSource source) {
        count("inpod_mesh_reloads_total", "times that another state of the mesh has come to count", () -> source.status().reloads());
        count("inpod_mesh_failures_total", "contents of the mesh's source that couldn't be used", () -> source.status().failures());
        source.counters().forEach(registry::register);
        gauge("inpod_mesh_current", "1 if what the source of the mesh has now counts, 0 if an earlier state does because of an error",
                () -> source.status().error() == null ? 1 : 0);
        gauge("inpod_mesh_loaded_timestamp_seconds", "since when the state of the mesh counts, 0 if none does yet", () -> {
            Instant loaded = source.status().loadedAt();
            return loaded == null ? 0 : loaded.toEpochMilli() / 1e3;
        });
    }

    private void ofShares(Holdings holdings) {
        gauge("inpod_sockets", "sockets of the connections of all pods", holdings.sockets()::held);
        gauge("inpod_sockets_max", "how many sockets the connections of all pods may have", holdings.sockets()::total);
        gauge("inpod_buffer_bytes", "bytes in buffers that wait for peers that don't read, or give no credit", holdings.bytes()::held);
        gauge("inpod_buffer_max_bytes", "how many bytes may wait in buffers", holdings.bytes()::total);
    }

    private void ofPolicies(Denials denials) {
        count("inpod_policy_allowed_total", "connections that were allowed", denials::allowed);
        Basis[] bases = denials.counts().refused().keySet().toArray(Basis[]::new);
        count("inpod_policy_refused_total", "connections that were refused", "basis", bases,
                basis -> Objects.requireNonNull(denials.counts().refused().get(basis)));
        count("inpod_policy_cut_total", "open connections that were cut", "basis", bases,
                basis -> Objects.requireNonNull(denials.counts().cut().get(basis)));
    }

    private void ofNames(DnsCounters names) {
        registry.register(names);
        count("inpod_dns_refused_total", "DNS queries that were not forwarded because too many were waiting",
                () -> names.counts().refused());
    }

    private void ofCertificates(OwnCertificates own, Supplier<List<CertificateStatus>> certificates) {
        GaugeWithCallback.builder().name("inpod_certificate_expiry_timestamp_seconds")
                .help("when the certificate of an identity on this node expires").labelNames("identity")
                .callback(to -> certificates.get().forEach(known -> {
                    WorkloadCertificate certificate = known.certificate();
                    if (certificate != null) {
                        to.call(certificate.validUntil().toEpochMilli() / 1e3, known.identity().toString());
                    }
                })).register(registry);
        count("inpod_certificate_failures_total", "times that there was no certificate for a pod", own::failures);
    }

    private void count(String name, String help, DoubleSupplier value) {
        CounterWithCallback.builder().name(name).help(help).callback(to -> to.call(value.getAsDouble())).register(registry);
    }

    private <E extends Enum<E>> void count(String name, String help, String label, E[] values, ToDoubleFunction<E> value) {
        CounterWithCallback.builder().name(name).help(help).labelNames(label).callback(to -> {
            for (E one : values) {
                to.call(value.applyAsDouble(one), one.name().toLowerCase(Locale.ROOT));
            }
        }).register(registry);
    }

    private void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder().name(name).help(help).callback(to -> to.call(value.getAsDouble())).register(registry);
    }

    /** {@return the present values, in the form that is asked for} */
    Scrape scrape() {
        return new Scrape(registry);
    }
}
