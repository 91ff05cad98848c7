package io.inpod.examples.ztunnel.route;

import java.net.InetAddress;
import java.util.Locale;

/** What a client asked for. */
public sealed interface Target {
    /** {@return the port} */
    int port();

    /**
     * An address, in the network of this node.
     *
     * @param address never an IPv4 address mapped to IPv6
     * @param port the port
     */
    record Address(InetAddress address, int port) implements Target {}

    /**
     * A hostname, as SOCKS5 can pass it.
     *
     * @param hostname in lower case, without a dot at its end
     * @param port the port
     */
    record Name(String hostname, int port) implements Target {
        /** Turns the hostname into lower case, and removes a dot at its end, which only says that it is complete (RFC 1034 section 3.1). */
        public Name {
            String lower = hostname.toLowerCase(Locale.ROOT);
            hostname = lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
        }
    }
}
