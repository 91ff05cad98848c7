package io.inpod.examples.nodeagent.doctor;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.json.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The findings, for a person or for a program.
 *
 * @param title the pod
 * @param findings what was found
 */
record Report(String title, Findings findings) {
    private static final int WIDTH = 80;
    private static final String INDENT = " ".repeat(18);

    /** Returns lines of at most 80 characters, unless a word is longer. */
    String text() {
        StringBuilder text = new StringBuilder();
        wrap("", "pod " + title, "").forEach(line -> text.append(line).append('\n'));
        text.append('\n');
        for (Finding finding : findings.sorted()) {
            String word = finding.status() == Status.FAIL ? "FAIL" : finding.status().word();
            List<String> lines = new ArrayList<>(wrap(String.format("%-4s  %-11s ", word, finding.topic().id()), finding.text(), INDENT));
            if (finding.status() == Status.FAIL || finding.status() == Status.WARN) {
                lines.addAll(wrap(INDENT + "why: ", finding.topic().why(), INDENT + "     "));
                lines.addAll(wrap(INDENT + "do:  ", String.valueOf(finding.remedy()), INDENT + "     "));
            }
            lines.forEach(line -> text.append(line).append('\n'));
        }
        return text.append('\n').append(summary()).append('\n').toString();
    }

    private String summary() {
        long failures = findings.count(Status.FAIL);
        long warnings = findings.count(Status.WARN);
        String found =
                failures == 0 && warnings == 0 ? "nothing wrong was found" : count(failures, "failure") + ", " + count(warnings, "warning");
        return found + "; " + findings.count(Status.OK) + " ok, " + findings.count(Status.SKIP) + " skipped";
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    private static List<String> wrap(String first, String words, String indent) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(first);
        boolean begun = false;
        for (String word : words.replaceAll("\\p{Cntrl}", " ").split(" +")) {
            if (begun && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                begun = false;
            }
            line.append(begun ? " " : "").append(word);
            begun = true;
        }
        lines.add(line.toString());
        return lines;
    }

    /** Returns an object with all findings, also why each matters. */
    String json() throws IOException {
        ObjectNode root = Json.object();
        root.put("pod", title);
        root.put("failures", findings.count(Status.FAIL));
        root.put("warnings", findings.count(Status.WARN));
        ArrayNode checks = root.putArray("checks");
        for (Finding finding : findings.sorted()) {
            ObjectNode check = checks.addObject();
            check.put("check", finding.topic().id());
            check.put("status", finding.status().word());
            check.put("text", finding.text());
            check.put("why", finding.topic().why());
            if (finding.remedy() != null) {
                check.put("do", finding.remedy());
            }
        }
        return Json.write(root) + "\n";
    }
}
