package io.inpod.iptables;

import java.util.ArrayList;
import java.util.List;

/** Splits a line as iptables-restore does: words between blanks, double quotes around words that hold blanks, backslash before quotes. */
final class Words {
    private Words() {
    }

    static List<String> split(String line) {
        List<String> words = new ArrayList<>();
        int at = 0;
        while (at < line.length()) {
            if (line.charAt(at) == ' ') {
                at++;
                continue;
            }
            String word = first(line.substring(at));
            words.add(word);
            at += word.length();
        }
        return words;
    }

    /** The first word, still with its quotes. */
    static String first(String line) {
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\\' && quoted) {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ' ' && !quoted) {
                return line.substring(0, i);
            }
        }
        return line;
    }

    /** The chain to which a rule as listed by iptables-save jumps or goes, or its target, or an empty text. */
    static String target(String rule) {
        List<String> words = split(rule);
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).equals("-j") || words.get(i).equals("-g")) {
                return words.get(i + 1);
            }
        }
        return "";
    }
}
