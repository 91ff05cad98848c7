package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Reads {@code resources/goldens}: the observed behaviour of Istio's ztunnel on the wire, and the differences of this library. */
final class Goldens {
    private Goldens() { }

    /** A line of {@code differences.tsv}: our outcome, and why it isn't the golden's. */
    record Difference(String kind, String ours, String why) { }

    /**
     * The cases of one side, and the lines of {@code differences.tsv} about them.
     *
     * @param cases the cases by name
     * @param differences for a case, how ours differs, or the other test that covers it
     */
    record Side(Map<String, JsonNode> cases, Map<String, Difference> differences) {
        static Side of(String side) throws IOException {
            return new Side(Goldens.cases("hbone-" + side + ".json"), Goldens.differences(side));
        }

        /** Returns the cases that no other test covers. */
        Stream<String> replayed() {
            return cases.keySet().stream().filter(id -> !differences.containsKey(id) || differences.get(id).kind().equals("differs"));
        }

        JsonNode get(String id) {
            return Objects.requireNonNull(cases.get(id), id);
        }

        /** Checks that our outcome is the golden's, or the one in the table. */
        void check(String id, String ours, String theirs) {
            Difference difference = differences.get(id);
            if (difference == null) {
                assertThat(ours).as(get(id).toString()).isEqualTo(theirs);
            } else {
                assertThat(ours).as(get(id).toString()).isEqualTo(difference.ours()).isNotEqualTo(theirs);
            }
        }
    }

    static Map<String, JsonNode> cases(String file) throws IOException {
        Map<String, JsonNode> cases = new LinkedHashMap<>();
        try (InputStream in = open(file)) {
            new ObjectMapper().readTree(in).get("cases").forEach(c -> cases.put(c.get("id").asText(), c));
        }
        return cases;
    }

    static Map<String, Difference> differences(String side) throws IOException {
        Map<String, Difference> lines = new LinkedHashMap<>();
        try (InputStream in = open("differences.tsv"); Stream<String> all = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()) {
            for (String line : all.filter(l -> !l.isEmpty() && !l.startsWith("#")).toList()) {
                String[] parts = line.split("\t");
                if (parts.length != 5 || parts[4].isBlank()) {
                    throw new IOException("side, case, kind, outcome, reason: " + line);
                }
                if (parts[0].equals(side) && lines.put(parts[1], new Difference(parts[2], parts[3], parts[4])) != null) {
                    throw new IOException("twice: " + line);
                }
            }
        }
        return lines;
    }

    /** Returns the frames of a golden in the form of {@link GoldenWire#said}. */
    static List<String> frames(JsonNode frames) {
        List<String> said = new ArrayList<>();
        for (JsonNode f : frames) {
            String end = f.path("end").asBoolean() ? " END" : "";
            String text = switch (f.get("type").asText()) {
                case "HEADERS" -> status(f) + end;
                case "DATA" -> "DATA" + end;
                case "RST_STREAM" -> "RST " + f.get("error").asText();
                case "GOAWAY" -> "GOAWAY " + f.get("error").asText() + " " + f.get("last").asLong();
                case "PING" -> f.get("ack").asBoolean() ? "PING ACK" : "PING";
                default -> f.get("type").asText();
            };
            add(said, text);
        }
        return said;
    }

    /** Adds a text; consecutive pieces of DATA count as one, because their number varies. */
    static void add(List<String> said, String text) {
        boolean more = !said.isEmpty() && said.get(said.size() - 1).equals("DATA") && text.startsWith("DATA");
        if (more) {
            said.remove(said.size() - 1);
        }
        said.add(more && text.equals("DATA END") ? "DATA END" : text);
    }

    private static String status(JsonNode frame) {
        for (JsonNode header : frame.path("headers")) {
            if (header.get(0).asText().equals(":status")) {
                return "HEADERS " + header.get(1).asText();
            }
        }
        return "CONNECT";
    }

    private static InputStream open(String file) {
        return Objects.requireNonNull(Goldens.class.getResourceAsStream("/goldens/" + file), file);
    }
}
