package io.inpod.hbone;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The destination of a tunnel, a host and a port: the {@code :authority} of a CONNECT request (RFC 9113 section 8.5).
 *
 * <p>An IPv6 host is stored without brackets and written with them. The host's text isn't normalised.
 *
 * @param host an IPv4 address, an IPv6 address (no zone), or a DNS name
 * @param port 1 to 65535
 */
public record Authority(String host, int port) {
    private static final Pattern NAME =
            Pattern.compile(
                    "(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*");
    private static final Pattern NUMBERS = Pattern.compile("[0-9.]+");

    /**
     * Checks host and port.
     *
     * @param host see {@link #host()}
     * @param port see {@link #port()}
     * @throws IllegalArgumentException if the host is neither an address nor a name, or the port is out of range
     */
    public Authority {
        boolean literal = isIpv4(host) || isIpv6(host);
        // Numbers that aren't an address ("1.2.3", "010.0.0.1") must not reach a lenient resolver.
        if (!literal && (!NAME.matcher(host).matches() || NUMBERS.matcher(host).matches())) {
            throw new IllegalArgumentException("not an IP address or DNS name: " + printable(host));
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port out of range 1..65535: " + port);
        }
    }

    /**
     * Parses {@code 10.0.0.1:80}, {@code [fd00::1]:80} or {@code name:80}. Refuses user information, leading zeros and a missing port.
     *
     * @param text the authority
     * @return host and port
     * @throws IllegalArgumentException if the text has another form
     */
    public static Authority parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 1 || !isPort(text, colon + 1)) {
            throw new IllegalArgumentException("expected host:port, got " + printable(text));
        }
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        if (bracketed != isIpv6(host)) {
            throw new IllegalArgumentException("an IPv6 address must be in brackets, and nothing else may be: " + printable(text));
        }
        return new Authority(host, Integer.parseInt(text.substring(colon + 1)));
    }

    /**
     * Returns the authority of a resolved address.
     *
     * @param address address and port
     * @return its authority
     * @throws IllegalArgumentException if the address is unresolved or the port is 0
     */
    public static Authority of(InetSocketAddress address) {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("unresolved address: " + address);
        }
        return new Authority(NetUtil.toAddressString(address.getAddress()), address.getPort());
    }

    /**
     * Returns the host as an address, without a name lookup.
     *
     * @return the address, or null if the host is a name
     */
    public @Nullable InetAddress address() {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the text as sent on the wire. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    // Loops instead of patterns, because every request is checked here.
    private static boolean isPort(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < (i == from ? '1' : '0') || c > '9') {
                return false;
            }
        }
        return text.length() > from && text.length() <= from + 5;
    }

    private static boolean isIpv4(String host) {
        if (!NetUtil.isValidIpV4Address(host)) {
            return false;
        }
        for (int i = 0; i + 1 < host.length(); i++) {
            // A leading zero is octal to some readers and decimal to others.
            if (host.charAt(i) == '0' && host.charAt(i + 1) != '.' && (i == 0 || host.charAt(i - 1) == '.')) {
                return false;
            }
        }
        return true;
    }

    private static boolean isIpv6(String host) {
        return host.indexOf(':') >= 0 && host.indexOf('%') < 0 && host.indexOf('[') < 0 && NetUtil.isValidIpV6Address(host);
    }

    private static String printable(String text) {
        String cut = text.length() > 300 ? text.substring(0, 300) + "..." : text;
        return '"' + cut.replaceAll("[^\\x20-\\x7e]", "?") + '"';
    }
}
