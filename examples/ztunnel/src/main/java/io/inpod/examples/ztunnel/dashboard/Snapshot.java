package io.inpod.examples.ztunnel.dashboard;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.dashboard.Rows.Row;
import io.inpod.examples.ztunnel.inpod.PodState;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.examples.ztunnel.traffic.TrafficSum;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What is sent to all who look, and what they can search in until the next. On the admin port's thread. */
final class Snapshot {
    private static final JsonFactory JSON = new JsonFactory();

    private final Rates sums;
    private final String json;
    private final List<Row> rows;
    private @Nullable List<String> texts;

    private Snapshot(Rates sums, String json, List<Row> rows) {
        this.sums = sums;
        this.json = json;
        this.rows = rows;
    }

    /** Makes a snapshot, with rates since an earlier one if there is one. */
    static Snapshot of(Sources sources, long nanos, @Nullable Snapshot before) {
        List<PodState> pods = sources.pods().get();
        List<TrafficSum> counted = sources.traffic().sums();
        Rates now = Rates.of(counted, nanos);
        Edges edges = new Edges();
        counted.forEach(edges::add);
        List<Row> rows = new ArrayList<>();
        for (PodState pod : pods) {
            for (Flow flow : pod.flows()) {
                edges.add(flow);
                rows.add(Row.of(flow));
            }
        }
        String text = written(json -> {
            now.write(json, before == null ? null : before.sums);
            StateJson.write(json, sources, pods);
            edges.write(json);
            json.writeNumberField("open", rows.size());
            json.writeNumberField("openTunnels", rows.stream().filter(row -> row.flow().key().tunnel()).count());
            json.writeNumberField("hbone",
                    sources.traffic().tunnels(true).connections() + sources.traffic().tunnels(false).connections());
            json.writeNumberField("openInbound", rows.stream().filter(row -> row.flow().key().inbound()).count());
            Rows.write(json, rows, nanos);
        });
        return new Snapshot(now, text, rows);
    }

    private interface Content {
        void write(JsonGenerator json) throws IOException;
    }

    private static String written(Content content) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            content.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("into memory", e);
        }
        return text.toString();
    }

    /** {@return when it was made, of {@link System#nanoTime}} */
    long nanos() {
        return sums.nanos();
    }

    /** {@return everything} */
    String json() {
        return json;
    }

    /** Returns the connections that have all words of a text somewhere. */
    String search(String text) {
        String[] words = text.toLowerCase(Locale.ROOT).strip().split("\\s+");
        List<String> all = texts;
        if (all == null) { // for all who search in this snapshot
            all = rows.stream().map(Row::text).toList();
            texts = all;
        }
        List<Row> found = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            if (hasAll(all.get(i), words)) {
                found.add(rows.get(i));
            }
        }
        return written(json -> {
            json.writeNumberField("found", found.size());
            Rows.write(json, found, nanos());
        });
    }

    private static boolean hasAll(String text, String[] words) {
        for (String word : words) {
            if (!text.contains(word)) {
                return false;
            }
        }
        return true;
    }
}
