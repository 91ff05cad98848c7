package io.inpod.examples.ztunnel.dashboard;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.health.OutboundFailures;
import io.inpod.examples.ztunnel.inpod.PodState;
import io.inpod.examples.ztunnel.live.Denials;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.policy.Verdict.Basis;
import io.inpod.examples.ztunnel.source.SourceStatus;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The state of pods, policy, certificates and the mesh. Times are milliseconds since 1970. */
final class StateJson {
    /** A node has fewer. */
    private static final int MOST_PODS = 300;

    private StateJson() {}

    static void write(JsonGenerator json, Sources sources, List<PodState> pods) throws IOException {
        json.writeNumberField("at", System.currentTimeMillis());
        json.writeStringField("node", sources.node());
        pods(json, pods, sources.ports().get());
        policy(json, sources.denials());
        json.writeObjectFieldStart("notConnected");
        for (OutboundFailures.Reason reason : OutboundFailures.Reason.values()) {
            json.writeNumberField(word(reason), sources.outbound().count(reason));
        }
        json.writeEndObject();
        certificates(json, sources.certificates().get());
        source(json, sources.source().get(), sources.mesh().get());
    }

    private static void pods(JsonGenerator json, List<PodState> pods, Map<String, Set<Integer>> ports) throws IOException {
        json.writeNumberField("served", pods.stream().filter(PodState::served).count());
        json.writeNumberField("podCount", pods.size());
        json.writeArrayFieldStart("pods");
        for (PodState pod : pods.subList(0, Math.min(pods.size(), MOST_PODS))) {
            json.writeStartObject();
            json.writeStringField("uid", pod.uid());
            json.writeStringField("namespace", pod.info().namespace());
            json.writeStringField("name", pod.info().name());
            json.writeStringField("serviceAccount", pod.info().serviceAccount());
            json.writeBooleanField("served", pod.served());
            json.writeStringField("reason", pod.reason());
            json.writeArrayFieldStart("ports");
            for (int port : new TreeSet<>(ports.getOrDefault(pod.uid(), Set.of()))) {
                json.writeNumber(port);
            }
            json.writeEndArray();
            long inbound = pod.flows().stream().filter(flow -> flow.key().inbound()).count();
            json.writeNumberField("inbound", inbound);
            json.writeNumberField("outbound", pod.flows().size() - inbound);
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void policy(JsonGenerator json, Denials denials) throws IOException {
        Denials.Counts counts = denials.counts();
        json.writeNumberField("allowed", denials.allowed());
        counts(json, "refused", counts.refused());
        counts(json, "cut", counts.cut());
    }

    private static void counts(JsonGenerator json, String name, Map<Basis, Long> counts) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<Basis, Long> count : counts.entrySet()) {
            json.writeNumberField(word(count.getKey()), count.getValue());
        }
        json.writeEndObject();
    }

    private static void certificates(JsonGenerator json, List<CertificateStatus> certificates) throws IOException {
        json.writeArrayFieldStart("certificates");
        for (CertificateStatus one : certificates) {
            WorkloadCertificate certificate = one.certificate();
            json.writeStartObject();
            json.writeStringField("identity", one.identity().toString());
            text(json, "error", one.failure() == null ? null : one.failure().getMessage());
            time(json, "from", certificate == null ? null : certificate.chain().get(0).getNotBefore().toInstant());
            time(json, "until", certificate == null ? null : certificate.validUntil());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void source(JsonGenerator json, SourceStatus status, Mesh mesh) throws IOException {
        json.writeObjectFieldStart("mesh");
        json.writeStringField("source", status.source());
        json.writeStringField("version", status.version());
        time(json, "loadedAt", status.loadedAt());
        text(json, "error", status.error());
        time(json, "failedAt", status.failedAt());
        json.writeNumberField("reloads", status.reloads());
        json.writeNumberField("failures", status.failures());
        json.writeNumberField("workloads", mesh.size());
        json.writeNumberField("services", mesh.services().size());
        json.writeNumberField("policies", mesh.policies().size());
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String name, @Nullable String text) throws IOException {
        json.writeStringField(name, text == null ? "" : text);
    }

    private static void time(JsonGenerator json, String name, @Nullable Instant time) throws IOException {
        if (time == null) {
            json.writeNullField(name);
        } else {
            json.writeNumberField(name, time.toEpochMilli());
        }
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
