package io.inpod.iptables.internal;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * Text of the tools, one char per byte, because names and comments in rules of other programs need not be UTF-8.
 * Our own text is UTF-8.
 */
public final class Bytes {
    /** The encoding that preserves every byte. */
    public static final Charset RAW = StandardCharsets.ISO_8859_1;

    private Bytes() {}

    /** Converts our text to bytes. */
    public static String carry(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), RAW);
    }

    /** Converts bytes to text; bytes that are not UTF-8 stay as they are. */
    public static String read(String bytes) {
        String text = new String(bytes.getBytes(RAW), StandardCharsets.UTF_8);
        return carry(text).equals(bytes) ? text : bytes;
    }
}
