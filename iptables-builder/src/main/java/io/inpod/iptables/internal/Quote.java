package io.inpod.iptables.internal;

/** Quotes text from outside for one line of an error message. */
public final class Quote {
    private Quote() {}

    public static String of(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().limit(80).forEach(c -> {
            if (c < ' ' || c == 0x7f || Character.getType(c) == Character.FORMAT || Character.isISOControl(c) || c == 0x2028 || c == 0x2029
                    || Character.getType(c) == Character.SURROGATE) {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.appendCodePoint(c);
            }
        });
        return quoted.append('"').toString();
    }
}
