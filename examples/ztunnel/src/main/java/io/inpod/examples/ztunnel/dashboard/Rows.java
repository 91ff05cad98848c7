package io.inpod.examples.ztunnel.dashboard;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.examples.ztunnel.traffic.TrafficKey;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Connections, of which the largest and the newest are written. */
final class Rows {
    /** So many of the largest, and as many of the newest. */
    private static final int MOST = 100;

    private Rows() {}

    /** A connection with its bytes, read once: numbers that change meanwhile can't be sorted by. */
    record Row(Flow flow, long up, long down) {
        static Row of(Flow flow) {
            return new Row(flow, flow.bytesFromClient(), flow.bytesToClient());
        }

        private long bytes() {
            return up + down;
        }

        private long began() {
            return flow.beganNanos();
        }

        /** What can be searched for, in lower case. */
        String text() {
            TrafficKey key = flow.key();
            return String.join(" ", key.inbound() ? "inbound" : "outbound", key.tunnel() ? "mtls" : "plaintext", end(key.source()),
                    identity(key.sourceIdentity()), address(flow.route().source()), end(key.destination()),
                    identity(key.destinationIdentity()), address(shown(flow)), service(key)).toLowerCase(Locale.ROOT);
        }

        private static String end(@Nullable Workload workload) {
            return workload == null ? "" : workload.namespace() + "/" + Party.name(workload);
        }
    }

    static void write(JsonGenerator json, List<Row> matching, long nanos) throws IOException {
        Set<Row> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
        matching.stream().sorted(Comparator.comparingLong(Row::bytes).reversed()).limit(MOST).forEach(chosen::add);
        matching.stream().sorted((a, b) -> Long.signum(b.began() - a.began())).limit(MOST).forEach(chosen::add);
        json.writeArrayFieldStart("rows");
        for (Row row : chosen) {
            write(json, row, nanos);
        }
        json.writeEndArray();
    }

    private static void write(JsonGenerator json, Row row, long nanos) throws IOException {
        TrafficKey key = row.flow().key();
        json.writeStartObject();
        json.writeBooleanField("inbound", key.inbound());
        json.writeBooleanField("tunnel", key.tunnel());
        json.writeStringField("service", service(key));
        write(json, "source", key.source(), key.sourceIdentity(), row.flow().route().source());
        write(json, "destination", key.destination(), key.destinationIdentity(), shown(row.flow()));
        json.writeNumberField("up", row.up());
        json.writeNumberField("down", row.down());
        json.writeNumberField("age", TimeUnit.NANOSECONDS.toMillis(Math.max(0, nanos - row.began())) / 1000.0);
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, @Nullable Workload workload, @Nullable SpiffeId identity,
            InetSocketAddress address) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeStringField("namespace", workload == null ? "" : workload.namespace());
        json.writeStringField("name", workload == null ? "" : Party.name(workload));
        json.writeStringField("identity", identity(identity));
        json.writeStringField("address", address(address));
        json.writeEndObject();
    }

    private static String identity(@Nullable SpiffeId identity) {
        return identity == null ? "" : identity.toString();
    }

    private static String service(TrafficKey key) {
        return key.service() == null ? "" : key.service().hostname().hostname();
    }

    /** What the client asked for says more than the port of a peer. */
    private static InetSocketAddress shown(Flow flow) {
        InetSocketAddress wanted = flow.route().wanted();
        return wanted == null ? flow.route().actual() : wanted;
    }

    private static String address(InetSocketAddress address) {
        return address.isUnresolved() ? address.getHostString() + ":" + address.getPort() : NetUtil.toSocketAddressString(address);
    }
}
