package io.inpod.hbone;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * One header field of a CONNECT request or its answer (RFC 9113 section 8.2).
 *
 * @param name lower case token; neither a pseudo-header nor a connection-specific header
 * @param value characters of ISO 8859-1 without NUL, CR, LF and without white space at either end
 */
public record Header(String name, String value) {
    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9a-z-]+");
    private static final Pattern VALUE = Pattern.compile("[^\\x00\\r\\n\\u0100-\\uffff]*");
    private static final Set<String> CONNECTION_SPECIFIC =
            Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

    /**
     * Checks name and value.
     *
     * @param name lower case token; neither a pseudo-header nor a connection-specific header
     * @param value characters of ISO 8859-1 without NUL, CR, LF and without white space at either end
     * @throws IllegalArgumentException if HTTP/2 forbids such a header
     */
    public Header {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a lower-case header name: \"" + name.replaceAll("[^\\x20-\\x7e]", "?") + '"');
        }
        if (CONNECTION_SPECIFIC.contains(name) || name.equals("te") && !value.equals("trailers")) {
            throw new IllegalArgumentException("connection-specific header: " + name);
        }
        if (!VALUE.matcher(value).matches() || !value.isEmpty() && (isSpace(value.charAt(0)) || isSpace(value.charAt(value.length() - 1)))) {
            throw new IllegalArgumentException("illegal value of header " + name);
        }
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}
