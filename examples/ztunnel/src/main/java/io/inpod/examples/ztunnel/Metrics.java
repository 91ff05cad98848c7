package io.inpod.examples.ztunnel;

import io.inpod.examples.ztunnel.dns.DnsCounters;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.health.HttpPages;
import io.inpod.examples.ztunnel.health.OutboundFailures;
import io.inpod.examples.ztunnel.inpod.StateManager;
import io.inpod.examples.ztunnel.live.Denials;
import io.inpod.examples.ztunnel.policy.Verdict.Basis;
import io.inpod.examples.ztunnel.source.MeshSource;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * What the proxy has counted, in the text format of Prometheus. Where Istio's ztunnel counts the same, the name is Istio's. No label's
 * values come from pods or clients, so their number is fixed.
 */
final class Metrics {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    @SuppressWarnings("UnusedVariable") // the registry refers to it weakly
    private final List<Object> counted;

    Metrics(MeshSource source, Denials denials, Counters counters, StateManager pods) {
        counted = List.of(source, denials, counters);
        ofMesh(source);
        ofPolicies(denials);
        ofNames(counters.dns());
        for (OutboundFailures.Reason reason : OutboundFailures.Reason.values()) {
            count("inpod.outbound.failed", "outbound connections of pods that were not connected", Tags.of("reason", word(reason)),
                    counters.outbound(), failures -> failures.count(reason));
        }
        gauge("workload.manager.active.proxy.count", "pods that are served", pods, StateManager::served);
        gauge("workload.manager.pending.proxy.count", "pods that can't be served, and are retried", pods, StateManager::waiting);
    }

    private void ofMesh(MeshSource source) {
        count("inpod.mesh.reloads", "times that another state of the mesh has come to count", Tags.empty(), source,
                s -> s.status().reloads());
        count("inpod.mesh.failures", "contents of the mesh's source that couldn't be used", Tags.empty(), source,
                s -> s.status().failures());
        gauge("inpod.mesh.current", "1 if what the source of the mesh has now counts, 0 if an earlier state does because of an error",
                source,
                s -> s.status().error() == null ? 1 : 0);
    }

    private void ofPolicies(Denials denials) {
        Denials.Counts now = denials.counts();
        for (Basis basis : now.refused().keySet()) {
            count("inpod.policy.refused", "connections that were refused", Tags.of("basis", word(basis)), denials,
                    d -> Objects.requireNonNull(d.counts().refused().get(basis)));
        }
        for (Basis basis : now.cut().keySet()) {
            count("inpod.policy.cut", "open connections that were cut", Tags.of("basis", word(basis)), denials,
                    d -> Objects.requireNonNull(d.counts().cut().get(basis)));
        }
    }

    private void ofNames(DnsCounters names) {
        count("istio.dns.requests", "DNS queries of pods that were answered from the mesh, forwarded or refused", Tags.empty(), names,
                n -> {
                    DnsCounters.Counts counts = n.counts();
                    return counts.answered() + counts.forwarded() + counts.refused();
                });
        count("istio.dns.upstream.requests", "DNS queries that were forwarded", Tags.empty(), names, n -> n.counts().forwarded());
        count("istio.dns.upstream.failures", "forwarded DNS queries without an answer", Tags.empty(), names, n -> n.counts().failed());
        count("inpod.dns.refused", "DNS queries that were not forwarded because too many were waiting", Tags.empty(), names,
                n -> n.counts().refused());
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private <T> void count(String name, String help, Tags tags, T counted, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, counted, value).description(help).tags(tags).register(registry);
    }

    private <T> void gauge(String name, String help, T measured, ToDoubleFunction<T> value) {
        Gauge.builder(name, measured, value).description(help).strongReference(true).register(registry);
    }

    /** {@return the present values} */
    HttpPages.Answer answer() {
        return new HttpPages.Answer(200, "text/plain; version=0.0.4; charset=utf-8", registry.scrape());
    }
}
