package io.inpod.iptables.text;

import io.inpod.iptables.Mark;
import io.inpod.iptables.Ports;
import io.inpod.iptables.internal.Words;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The words of one rule, taken one after the other. Anything unexpected is an IllegalArgumentException. */
final class RuleWords {
    private final List<String> words;
    private int at;

    RuleWords(String rule) {
        this.words = Words.split(rule);
    }

    boolean more() {
        return at < words.size();
    }

    String peek() {
        return more() ? words.get(at) : "";
    }

    String next() {
        if (!more()) {
            throw new IllegalArgumentException("the rule ends early");
        }
        return words.get(at++);
    }

    /** The next word without its quotes. */
    String plain() {
        return Words.unquote(next());
    }

    /** Takes the next word if it is the given one. */
    boolean skip(String word) {
        boolean there = peek().equals(word);
        at += there ? 1 : 0;
        return there;
    }

    void expect(String word) {
        if (!next().equals(word)) {
            throw new IllegalArgumentException(word + " is missing");
        }
    }

    void end() {
        if (more()) {
            throw new IllegalArgumentException("more than the target: " + next());
        }
    }

    int number(String word) {
        return Integer.parseInt(word);
    }

    /** Decimal or hexadecimal, as unsigned 32 bits. */
    int bits(String word) {
        return word.startsWith("0x") ? Integer.parseUnsignedInt(word.substring(2), 16) : Integer.parseUnsignedInt(word);
    }

    Mark mark() {
        String word = next();
        int slash = word.indexOf('/');
        return slash < 0 ? Mark.exactly(bits(word)) : new Mark(bits(word.substring(0, slash)), bits(word.substring(slash + 1)));
    }

    Ports ports(char separator) {
        return ports(next(), separator);
    }

    Ports ports(String word, char separator) {
        int at = word.indexOf(separator);
        return at < 0 ? new Ports(number(word), number(word)) : new Ports(number(word.substring(0, at)), number(word.substring(at + 1)));
    }

    long[] range(String word) {
        int dash = word.indexOf('-');
        return dash < 0 ? new long[] {Long.parseLong(word), Long.parseLong(word)}
                : new long[] {Long.parseLong(word.substring(0, dash)), Long.parseLong(word.substring(dash + 1))};
    }

    <E extends Enum<E>> Set<E> names(Class<E> type) {
        return names(type, next());
    }

    <E extends Enum<E>> Set<E> names(Class<E> type, String list) {
        Set<E> values = EnumSet.noneOf(type);
        for (String name : list.split(",")) {
            values.add(Enum.valueOf(type, name));
        }
        return values;
    }
}
