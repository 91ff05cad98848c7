package io.inpod.iptables.internal;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * Text of the tools, carried byte for byte: each char is one byte, because names and comments of other people's rules needn't be UTF-8.
 * Our own text is UTF-8.
 */
public final class Bytes {
    /** The encoding in which nothing is lost. */
    public static final Charset RAW = StandardCharsets.ISO_8859_1;

    private Bytes() {
    }

    /** Our text as bytes. */
    public static String carry(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), RAW);
    }

    /** Bytes as text; what isn't UTF-8 stays bytes. */
    public static String read(String bytes) {
        String text = new String(bytes.getBytes(RAW), StandardCharsets.UTF_8);
        return carry(text).equals(bytes) ? text : bytes;
    }
}
