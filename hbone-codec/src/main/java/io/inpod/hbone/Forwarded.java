package io.inpod.hbone;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One element of a {@code forwarded} header: the origin of a request. HBONE clients put the application's address into {@code for} and, if
 * the application called a service, the service's host name into {@code host}. The peer asserts these values; nothing proves them.
 *
 * @param client the origin of the request ({@code for}), or null
 * @param by the forwarding node, or null
 * @param host the requested host, or null
 * @param proto the protocol of the original request, or null
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7239#section-4">RFC 7239 section 4</a>
 */
public record Forwarded(@Nullable String client, @Nullable String by, @Nullable String host, @Nullable String proto) {
    /** The header's name. */
    public static final String NAME = "forwarded";

    private static final int MOST_ELEMENTS = 64;
    private static final List<String> PARAMETERS = List.of("for", "by", "host", "proto");
    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private static final Pattern IS_TOKEN = Pattern.compile(TOKEN);
    private static final int USUAL_LENGTH = 48;
    private static final Pattern NAME_AND_TOKEN = Pattern.compile("(" + TOKEN + ")=(" + TOKEN + ")?");

    /**
     * Checks the values.
     *
     * @param client see {@link #client()}
     * @param by see {@link #by()}
     * @param host see {@link #host()}
     * @param proto see {@link #proto()}
     * @throws IllegalArgumentException if a value contains a control character
     */
    public Forwarded {
        if (!isPrintable(client) || !isPrintable(by) || !isPrintable(host) || !isPrintable(proto)) {
            throw new IllegalArgumentException("control character in a forwarded header");
        }
    }

    /** A loop instead of a pattern, because this runs for each request. */
    private static boolean isPrintable(@Nullable String value) {
        if (value != null) {
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                if (c != '\t' && (c < ' ' || c == 0x7f || c > 0xff)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Returns the element for an application.
     *
     * @param client the application's address, resolved
     * @return {@code for="address:port"}
     */
    public static Forwarded of(InetSocketAddress client) {
        return new Forwarded(NetUtil.toSocketAddressString(client), null, null, null);
    }

    /**
     * {@return this element with the host that the application called}
     *
     * @param name the host
     */
    public Forwarded withHost(String name) {
        return new Forwarded(client, by, name, proto);
    }

    /**
     * Returns the address in {@code for}.
     *
     * @return empty if {@code for} is missing, a name, or an address without a port
     */
    public Optional<InetSocketAddress> clientAddress() {
        try {
            Authority authority = Authority.parse(String.valueOf(client));
            return Optional.ofNullable(authority.address()).map(address -> new InetSocketAddress(address, authority.port()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Returns the header.
     *
     * @return {@code forwarded} with this element
     */
    public Header header() {
        StringBuilder pairs = new StringBuilder(USUAL_LENGTH);
        add(pairs, "for", client);
        add(pairs, "by", by);
        add(pairs, "host", host);
        add(pairs, "proto", proto);
        return new Header(NAME, pairs.toString());
    }

    private static void add(StringBuilder pairs, String name, @Nullable String value) {
        if (value == null) {
            return;
        }
        pairs.append(pairs.isEmpty() ? "" : ";").append(name).append('=');
        if (!name.equals("for") && IS_TOKEN.matcher(value).matches()) {
            pairs.append(value);
        } else {
            quote(pairs, value);
        }
    }

    private static void quote(StringBuilder pairs, String value) {
        pairs.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                pairs.append('\\');
            }
            pairs.append(c);
        }
        pairs.append('"');
    }

    /**
     * Parses a header's value strictly. Parameters other than the four are skipped.
     *
     * @param value the value
     * @return the elements in order, the one nearest to the origin first
     * @throws IllegalArgumentException if the value isn't well-formed, repeats a parameter, or has more than 64 elements
     */
    public static List<Forwarded> parse(String value) {
        List<Forwarded> elements = new ArrayList<>(1);
        @Nullable String[] values = new String[4];
        Matcher pair = NAME_AND_TOKEN.matcher(value);
        int at = 0;
        while (true) {
            pair.region(at, value.length());
            if (!pair.lookingAt()) {
                throw malformed(at);
            }
            at = pair.end();
            String text = pair.group(2);
            if (text == null) {
                StringBuilder quoted = new StringBuilder();
                at = quoted(value, at, quoted);
                text = quoted.toString();
            }
            int index = PARAMETERS.indexOf(pair.group(1).toLowerCase(Locale.ROOT));
            if (index >= 0 && values[index] != null) {
                throw new IllegalArgumentException("forwarded header repeats a parameter");
            } else if (index >= 0) {
                values[index] = text;
            }
            if (at < value.length() && value.charAt(at) == ';') {
                at++;
                continue;
            }
            elements.add(new Forwarded(values[0], values[1], values[2], values[3]));
            values = new String[4];
            if (at == value.length()) {
                return elements;
            }
            at = comma(value, at);
            if (elements.size() == MOST_ELEMENTS) {
                throw new IllegalArgumentException("forwarded header with more than " + MOST_ELEMENTS + " elements");
            }
        }
    }

    private static IllegalArgumentException malformed(int at) {
        return new IllegalArgumentException("malformed forwarded header at " + at);
    }

    /** Reads a quoted-string (RFC 9110 section 5.6.4); returns the index after it. */
    private static int quoted(String value, int from, StringBuilder out) {
        int at = from + 1;
        if (from >= value.length() || value.charAt(from) != '"') {
            throw malformed(from);
        }
        while (at < value.length() && value.charAt(at) != '"') {
            at += value.charAt(at) == '\\' ? 1 : 0;
            if (at < value.length()) {
                out.append(value.charAt(at++));
            }
        }
        if (at >= value.length()) {
            throw malformed(from);
        }
        return at + 1;
    }

    private static int comma(String value, int from) {
        int at = from;
        boolean seen = false;
        while (at < value.length() && (value.charAt(at) == ' ' || value.charAt(at) == '\t' || !seen && value.charAt(at) == ',')) {
            seen |= value.charAt(at) == ',';
            at++;
        }
        if (!seen) {
            throw malformed(from);
        }
        return at;
    }

    /**
     * Returns the element in a request's headers. Never throws.
     *
     * @param headers the headers of a request
     * @return the first element; empty if there is no such header or it isn't well-formed
     */
    public static Optional<Forwarded> of(List<Header> headers) {
        for (Header header : headers) {
            if (header.name().equals(NAME)) {
                try {
                    return Optional.of(parse(header.value()).get(0));
                } catch (IllegalArgumentException e) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }
}
