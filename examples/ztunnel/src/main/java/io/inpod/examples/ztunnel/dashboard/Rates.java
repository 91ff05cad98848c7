package io.inpod.examples.ztunnel.dashboard;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.traffic.TrafficSum;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What all connections add up to at some moment, by direction; two moments make rates. */
record Rates(long nanos, long inbound, long outbound, long inboundBytes, long outboundBytes) {
    /** Over a longer time, an average says little about now. */
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(5);

    static Rates of(List<TrafficSum> sums, long nanos) {
        long[] connections = new long[2];
        long[] bytes = new long[2];
        for (TrafficSum sum : sums) {
            int direction = sum.key().inbound() ? 0 : 1;
            connections[direction] += sum.opened();
            bytes[direction] += sum.fromClient() + sum.toClient();
        }
        return new Rates(nanos, connections[0], connections[1], bytes[0], bytes[1]);
    }

    /** Writes the rates per second since an earlier moment; null if there is none that is recent. */
    void write(JsonGenerator json, @Nullable Rates before) throws IOException {
        if (before == null || nanos <= before.nanos || nanos - before.nanos > LONGEST_NANOS) {
            json.writeNullField("rates");
            return;
        }
        double seconds = (nanos - before.nanos) / 1e9;
        json.writeObjectFieldStart("rates");
        rate(json, "inbound", (inbound - before.inbound) / seconds);
        rate(json, "outbound", (outbound - before.outbound) / seconds);
        rate(json, "inboundBytes", (inboundBytes - before.inboundBytes) / seconds);
        rate(json, "outboundBytes", (outboundBytes - before.outboundBytes) / seconds);
        json.writeEndObject();
    }

    /** A sum shrinks when what a pod had counted goes with the pod. */
    private static void rate(JsonGenerator json, String name, double rate) throws IOException {
        json.writeNumberField(name, Math.max(0, Math.round(rate * 10)) / 10.0);
    }
}
