package io.inpod.iptables.internal;

import java.util.stream.IntStream;

/** Quotes text from outside for one line of an error message. */
public final class Quote {
    private Quote() {}

    public static String of(String text) {
        return '"' + printable(text.codePoints().limit(80)) + '"';
    }

    /** Returns a text in which nothing can end its line or change how it is shown. */
    public static String printable(String text) {
        return printable(text.codePoints());
    }

    private static String printable(IntStream text) {
        StringBuilder printable = new StringBuilder();
        text.forEach(c -> {
            if (c < ' ' || c == 0x7f || Character.getType(c) == Character.FORMAT || Character.isISOControl(c) || c == 0x2028 || c == 0x2029
                    || Character.getType(c) == Character.SURROGATE) {
                printable.append(String.format("\\u%04x", c));
            } else {
                printable.appendCodePoint(c);
            }
        });
        return printable.toString();
    }
}
