package io.inpod.examples.nodeagent.doctor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects findings. For one thread. */
final class Findings {
    private final List<Finding> all = new ArrayList<>();

    void ok(Topic topic, String text) {
        all.add(new Finding(topic, Status.OK, text, null));
    }

    void warn(Topic topic, String text, String remedy) {
        all.add(new Finding(topic, Status.WARN, text, remedy));
    }

    void fail(Topic topic, String text, String remedy) {
        all.add(new Finding(topic, Status.FAIL, text, remedy));
    }

    void skip(Topic topic, String text) {
        all.add(new Finding(topic, Status.SKIP, text, null));
    }

    /** Skips a check that can't be judged before others are mended. Returns whether it did. */
    boolean skipAfter(Topic topic, Topic... causes) {
        List<String> failed = List.of(causes).stream().filter(this::failed).map(Topic::id).toList();
        if (!failed.isEmpty()) {
            skip(topic, "look again when this is mended: " + String.join(", ", failed));
        }
        return !failed.isEmpty();
    }

    boolean failed(Topic topic) {
        return all.stream().anyMatch(finding -> finding.topic() == topic && finding.status() == Status.FAIL);
    }

    /** Returns the findings in the order of the topics. */
    List<Finding> sorted() {
        return all.stream().sorted(Comparator.comparing(Finding::topic)).toList();
    }

    long count(Status status) {
        return all.stream().filter(finding -> finding.status() == status).count();
    }
}
