package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.inpod.PodState;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** A pod on this node with its open connections, as Istio's ztunnel shows it. */
final class PodJson {
    private PodJson() {}

    static void write(JsonGenerator json, PodState pod) throws IOException {
        json.writeObjectFieldStart(pod.uid());
        json.writeStringField("state", pod.served() ? "Up" : "Pending");
        if (!pod.reason().isEmpty()) {
            json.writeStringField("reason", pod.reason());
        }
        json.writeObjectFieldStart("info");
        json.writeStringField("name", pod.info().name());
        json.writeStringField("namespace", pod.info().namespace());
        json.writeStringField("serviceAccount", pod.info().serviceAccount());
        json.writeEndObject();
        json.writeObjectFieldStart("connections");
        write(json, "inbound", pod, true);
        write(json, "outbound", pod, false);
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, PodState pod, boolean inbound) throws IOException {
        json.writeArrayFieldStart(name);
        for (Flow flow : pod.flows()) {
            if (flow.key().inbound() == inbound) {
                json.writeStartObject();
                json.writeStringField("src", text(flow.route().source()));
                json.writeStringField("originalDst", text(flow.route().wanted()));
                json.writeStringField("actualDst", text(flow.route().actual()));
                json.writeStringField("protocol", flow.key().tunnel() ? "HBONE" : "TCP");
                json.writeEndObject();
            }
        }
        json.writeEndArray();
    }

    private static @Nullable String text(@Nullable InetSocketAddress address) {
        return address == null ? null : address.isUnresolved() ? address.getHostString() + ":" + address.getPort()
                : NetUtil.toSocketAddressString(address);
    }
}
