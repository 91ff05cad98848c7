package io.inpod.hbone;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A {@code traceparent} header.
 *
 * @param traceId 32 lower-case hexadecimal digits, not all 0
 * @param parentId 16 lower-case hexadecimal digits, not all 0
 * @param flags 0 to 255; bit 0: sampled
 * @see <a href="https://www.w3.org/TR/trace-context/#traceparent-header">W3C Trace Context</a>
 */
public record TraceParent(String traceId, String parentId, int flags) {
    /** The header's name. */
    public static final String NAME = "traceparent";

    private static final HexFormat HEX = HexFormat.of();

    /** A later version may continue after a dash. */
    private static final Pattern TEXT = Pattern.compile("(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");

    /**
     * Checks the parts.
     *
     * @param traceId see {@link #traceId()}
     * @param parentId see {@link #parentId()}
     * @param flags see {@link #flags()}
     * @throws IllegalArgumentException if a part is malformed
     */
    public TraceParent {
        if (!isIdentifier(traceId, 32) || !isIdentifier(parentId, 16) || flags < 0 || flags > 255) {
            throw new IllegalArgumentException(
                    "not a trace parent: 32 and 16 lower-case hexadecimal digits, not all 0, and flags of 0 to 255");
        }
    }

    /**
     * Starts a new trace, not sampled.
     *
     * @return a trace parent with random identifiers
     */
    public static TraceParent random() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new TraceParent(HEX.toHexDigits(random.nextLong()) + HEX.toHexDigits(random.nextLong() | 1),
                HEX.toHexDigits(random.nextLong() | 1), 0);
    }

    /**
     * Returns the header of a new trace, not sampled: like that of {@link #random()}, with less garbage. For those who begin a trace
     * with each request and follow none.
     *
     * @return {@code traceparent} with random identifiers
     */
    public static Header randomHeader() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        byte[] text = "00-________________________________-________________-00".getBytes(StandardCharsets.ISO_8859_1);
        hexadecimal(random.nextLong(), text, 3);
        hexadecimal(random.nextLong() | 1, text, 19);
        hexadecimal(random.nextLong() | 1, text, 36);
        return new Header(NAME, new String(text, StandardCharsets.ISO_8859_1));
    }

    private static void hexadecimal(long number, byte[] text, int from) {
        for (int i = 0; i < 16; i++) {
            int digit = (int) (number >>> 60 - 4 * i) & 0xf;
            text[from + i] = (byte) (digit < 10 ? '0' + digit : 'a' + digit - 10);
        }
    }

    private static boolean isIdentifier(String text, int length) {
        boolean zero = true;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
            zero &= c == '0';
        }
        return text.length() == length && !zero;
    }

    /**
     * Returns the header, in version 00.
     *
     * @return {@code traceparent}
     */
    public Header header() {
        return new Header(NAME, "00-" + traceId + '-' + parentId + '-' + HEX.toHexDigits((byte) flags));
    }

    /**
     * Parses a header's value strictly. Of later versions it reads the parts that version 00 has.
     *
     * @param value the value
     * @return the trace parent
     * @throws IllegalArgumentException if the value isn't well-formed
     */
    public static TraceParent parse(String value) {
        Matcher m = TEXT.matcher(value);
        if (!m.matches() || m.group(1).equals("00") && m.group(5) != null) {
            throw new IllegalArgumentException("not a traceparent header");
        }
        return new TraceParent(m.group(2), m.group(3), Integer.parseInt(m.group(4), 16));
    }

    /**
     * Returns the trace context in a request's headers. Never throws.
     *
     * @param headers the headers of a request
     * @return empty if there isn't exactly one such header, or it isn't well-formed
     */
    public static Optional<TraceParent> of(List<Header> headers) {
        String value = null;
        for (Header header : headers) { // not a stream: this runs for each request
            if (header.name().equals(NAME)) {
                if (value != null) {
                    return Optional.empty();
                }
                value = header.value();
            }
        }
        try {
            return value == null ? Optional.empty() : Optional.of(parse(value));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
