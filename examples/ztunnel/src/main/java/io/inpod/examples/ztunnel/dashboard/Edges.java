package io.inpod.examples.ztunnel.dashboard;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.examples.ztunnel.traffic.TrafficKey;
import io.inpod.examples.ztunnel.traffic.TrafficSum;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Who talks to whom. A connection between two pods of this node is seen at both, and counts once. */
final class Edges {
    /** More make no picture. */
    private static final int MOST_EDGES = 40;
    private static final int MOST_PARTIES = 24;
    private static final Comparator<Edge> BUSIEST =
            Comparator.comparingLong(Edge::open).thenComparing(Edge::opened).thenComparing(Edge::bytes).reversed()
                    .thenComparing(edge -> edge.way.from).thenComparing(edge -> edge.way.to);

    private final Map<Way, Edge> all = new HashMap<>();

    /** From whom to whom, and whether that is encrypted. */
    private record Way(Party from, Party to, boolean tunnel) {
        static Way of(TrafficKey key) {
            return new Way(Party.of(key.source()), Party.of(key.destination()), key.tunnel());
        }
    }

    /** What is on a way, as it is seen at the source and at the destination. */
    private static final class Edge {
        final Way way;
        final long[] open = new long[2];
        final long[] opened = new long[2];
        final long[] failed = new long[2];
        final long[] bytes = new long[2];

        Edge(Way way) {
            this.way = way;
        }

        long open() {
            return Math.max(open[0], open[1]);
        }

        long opened() {
            return Math.max(opened[0], opened[1]);
        }

        long failed() {
            return Math.max(failed[0], failed[1]);
        }

        long bytes() {
            return Math.max(bytes[0], bytes[1]);
        }
    }

    private Edge edge(TrafficKey key) {
        return all.computeIfAbsent(Way.of(key), Edge::new);
    }

    private static int side(TrafficKey key) {
        return key.inbound() ? 1 : 0;
    }

    void add(Flow flow) {
        edge(flow.key()).open[side(flow.key())]++;
    }

    void add(TrafficSum sum) {
        Edge edge = edge(sum.key());
        int side = side(sum.key());
        edge.opened[side] += sum.opened();
        edge.failed[side] += sum.failed();
        edge.bytes[side] += sum.fromClient() + sum.toClient();
    }

    /** Writes the busiest, in an order that doesn't change with what happens. */
    void write(JsonGenerator json) throws IOException {
        List<Edge> shown = new ArrayList<>();
        TreeSet<Party> parties = new TreeSet<>();
        for (Edge edge : all.values().stream().sorted(BUSIEST).limit(MOST_EDGES).toList()) {
            TreeSet<Party> more = new TreeSet<>(parties);
            more.add(edge.way.from);
            more.add(edge.way.to);
            if (more.size() <= MOST_PARTIES) {
                shown.add(edge);
                parties = more;
            }
        }
        shown.sort(Comparator.comparing((Edge edge) -> edge.way.from).thenComparing(edge -> edge.way.to)
                .thenComparing(edge -> edge.way.tunnel));
        List<Party> order = List.copyOf(parties);
        json.writeArrayFieldStart("parties");
        for (Party party : order) {
            json.writeStartObject();
            json.writeStringField("namespace", party.namespace());
            json.writeStringField("name", party.name());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("edges");
        for (Edge edge : shown) {
            json.writeStartObject();
            json.writeNumberField("from", order.indexOf(edge.way.from));
            json.writeNumberField("to", order.indexOf(edge.way.to));
            json.writeBooleanField("tunnel", edge.way.tunnel);
            json.writeNumberField("open", edge.open());
            json.writeNumberField("opened", edge.opened());
            json.writeNumberField("failed", edge.failed());
            json.writeNumberField("bytes", edge.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("edgesLeftOut", all.size() - shown.size());
    }
}
