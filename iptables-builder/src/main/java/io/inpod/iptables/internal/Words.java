package io.inpod.iptables.internal;

import java.util.ArrayList;
import java.util.List;

/** Splits a line as iptables-restore does: words between blanks, double quotes around words with blanks, a backslash before quotes. */
public final class Words {
    private Words() {}

    public static List<String> split(String line) {
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

    /** Returns the first word with its quotes. */
    public static String first(String line) {
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

    /** Returns the chain to which a listed rule of iptables-save jumps or goes, or its target, or an empty text. */
    public static String target(String rule) {
        List<String> words = split(rule);
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).equals("-j") || words.get(i).equals("-g")) {
                return words.get(i + 1);
            }
        }
        return "";
    }

    /** Quotes a word as iptables-save prints free text (xtables_save_string): in quotes unless it is plain. */
    public static String quote(String text) {
        if (!text.isEmpty() && text.chars().allMatch(c -> c == '_' || c == '-' || c < 128 && Character.isLetterOrDigit(c))) {
            return text;
        }
        return "\"" + text.replaceAll("[\"\\\\']", "\\\\$0") + "\"";
    }

    /** Removes the quotes of a word; a backslash is special only between quotes. */
    public static String unquote(String word) {
        StringBuilder plain = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else {
                plain.append(c == '\\' && quoted && i + 1 < word.length() ? word.charAt(++i) : c);
            }
        }
        return plain.toString();
    }
}
