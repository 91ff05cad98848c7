package io.inpod.hbone;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a tunnel leads: the {@code :authority} of a CONNECT request (RFC 9113 section 8.5), a host and a port.
 *
 * <p>An IPv6 host is held without brackets and written with them. The text is kept as it was given.
 *
 * @param host an IPv4 address, an IPv6 address (no zone), or a DNS name
 * @param port 1 to 65535
 */
public record Authority(String host, int port) {
    private static final Pattern NAME =
            Pattern.compile("(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*");
    private static final Pattern NUMBERS = Pattern.compile("[0-9.]+");

    /**
     * Checks host and port.
     *
     * @param host an IPv4 address, an IPv6 address (no zone), or a DNS name
     * @param port 1 to 65535
     * @throws IllegalArgumentException if the host is neither address nor name, or the port is out of range
     */
    public Authority {
        boolean literal = isIpv4(host) || isIpv6(host);
        // What looks like numbers but is no address ("1.2.3", "010.0.0.1") must not end up at somebody's lenient resolver.
        if (!literal && (!NAME.matcher(host).matches() || NUMBERS.matcher(host).matches())) {
            throw new IllegalArgumentException("not an IP address or DNS name: " + printable(host));
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port out of range 1..65535: " + port);
        }
    }

    /**
     * Parses {@code 10.0.0.1:80}, {@code [fd00::1]:80} or {@code name:80}; user information, leading zeros and a missing port are refused.
     *
     * @param text the authority
     * @return host and port
     * @throws IllegalArgumentException if the text is anything else
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
            throw new IllegalArgumentException("an IPv6 address, and nothing else, stands in brackets: " + printable(text));
        }
        return new Authority(host, Integer.parseInt(text.substring(colon + 1)));
    }

    /**
     * The authority of a resolved address.
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
     * The host as an address, without asking any resolver.
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

    /** Returns the text that goes on the wire. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    // Loops, not patterns: every request passes here.
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
