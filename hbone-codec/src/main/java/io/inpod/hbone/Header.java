package io.inpod.hbone;

import java.util.Set;

/**
 * One header field of a CONNECT request or its answer (RFC 9113 section 8.2).
 *
 * @param name lower case token; neither a pseudo-header nor a connection-specific header
 * @param value characters of ISO 8859-1 without NUL, CR, LF and without white space at either end
 */
public record Header(String name, String value) {
    private static final boolean[] NAME = new boolean[128];
    private static final Set<String> CONNECTION_SPECIFIC =
            Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

    static {
        for (char c : "!#$%&'*+.^_`|~-0123456789abcdefghijklmnopqrstuvwxyz".toCharArray()) {
            NAME[c] = true;
        }
    }

    /**
     * Checks name and value.
     *
     * @param name see {@link #name()}
     * @param value see {@link #value()}
     * @throws IllegalArgumentException if HTTP/2 forbids such a header
     */
    public Header {
        if (!isName(name)) {
            throw new IllegalArgumentException("not a lower-case header name: \"" + name.replaceAll("[^\\x20-\\x7e]", "?") + '"');
        }
        if (CONNECTION_SPECIFIC.contains(name) || name.equals("te") && !value.equals("trailers")) {
            throw new IllegalArgumentException("connection-specific header: " + name);
        }
        if (!isValue(value)) {
            throw new IllegalArgumentException("illegal value of header " + name);
        }
    }

    // Loops instead of patterns, because these run for every header of every request.
    private static boolean isName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= NAME.length || !NAME[c]) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static boolean isValue(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == 0 || c == '\r' || c == '\n' || c > 0xff) {
                return false;
            }
        }
        return value.isEmpty() || !isSpace(value.charAt(0)) && !isSpace(value.charAt(value.length() - 1));
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}
