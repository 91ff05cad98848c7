package io.inpod.examples.ztunnel.health;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether the proxy serves what it should. A pod that can't be served doesn't make it unready, since the node's other pods would wait for
 * that one: it is named.
 *
 * @param missing what it still lacks, a sentence each; empty if it is ready
 * @param unserved why pods can't be served, by their uids
 */
public record Readiness(List<String> missing, Map<String, String> unserved) {
    /** Copies the list and the map. */
    public Readiness {
        missing = List.copyOf(missing);
        unserved = Map.copyOf(unserved);
    }

    /** {@return whether it lacks nothing} */
    public boolean isReady() {
        return missing.isEmpty();
    }

    /**
     * Returns the same with something else that is missing.
     *
     * @param what what is missing, a sentence
     * @return a readiness that isn't ready
     */
    public Readiness lacking(String what) {
        List<String> all = new ArrayList<>(List.of(what));
        all.addAll(missing);
        return new Readiness(all, unserved);
    }

    /** {@return 200 with {@code ready}, or 503 with what is missing; and the pods that aren't served, a line each} */
    public HttpPages.Answer answer() {
        List<String> lines = new ArrayList<>();
        lines.add(isReady() ? "ready" : "not ready");
        lines.addAll(missing);
        new TreeMap<>(unserved).forEach((uid, reason) -> lines.add("pod " + uid + " isn't served: " + reason));
        return HttpPages.Answer.text(isReady() ? 200 : 503, String.join("\n", lines) + "\n");
    }
}
