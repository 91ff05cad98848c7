package io.inpod.iptables.internal;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Checks texts for the kernel. */
public final class Names {
    private static final Pattern SET = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,30}");

    private Names() {}

    public static void set(String name) {
        if (!SET.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "set name " + Quote.of(name) + " is not 1 to 31 letters, digits and _ . - starting with a letter or _");
        }
    }

    /** Checks free text: its length, and that it stays within its line. Not every tool can list a double quote. */
    public static void text(String field, String text, int bytes) {
        encodable(field, text, bytes);
        if (text.indexOf('"') >= 0) {
            throw new IllegalArgumentException(field + " " + Quote.of(text) + " contains a control character or a double quote");
        }
    }

    /** Checks free text that may contain double quotes. */
    static void encodable(String field, String text, int bytes) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        if (encoded.length > bytes) {
            throw new IllegalArgumentException(field + " " + Quote.of(text) + " has " + encoded.length + " bytes, more than " + bytes);
        }
        if (!new String(encoded, StandardCharsets.UTF_8).equals(text)) {
            throw new IllegalArgumentException(field + " " + Quote.of(text) + " is not Unicode text");
        }
        if (text.codePoints().anyMatch(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029)) {
            throw new IllegalArgumentException(field + " " + Quote.of(text) + " contains a control character or a double quote");
        }
    }

    public static void ids(String field, long first, long last) {
        if (first < 0 || first > last || last > 0xfffffffeL) {
            throw new IllegalArgumentException(
                    field + " ids " + first + " to " + last + " are not within 0 to 4294967294 in ascending order");
        }
    }
}
