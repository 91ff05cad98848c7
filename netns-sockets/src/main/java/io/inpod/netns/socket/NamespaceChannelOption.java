package io.inpod.netns.socket;

import io.netty.channel.unix.IntegerUnixChannelOption;

/**
 * Linux socket options for which Netty has no constant, for use wherever Netty accepts a {@link io.netty.channel.ChannelOption} on an
 * epoll channel.
 */
public final class NamespaceChannelOption {
    /**
     * The mark of every packet that the socket sends, 32 bits, 0 for none; accepted sockets inherit it. Needs CAP_NET_ADMIN, or
     * CAP_NET_RAW since Linux 5.17. See socket(7).
     */
    public static final IntegerUnixChannelOption SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

    /** Allows binding to an IPv4 address that no interface has, 0 or 1. See ip(7). */
    public static final IntegerUnixChannelOption IP_FREEBIND = new IntegerUnixChannelOption("IP_FREEBIND", 0, 15);

    /**
     * Allows an IPv4 socket to bind foreign addresses and accept connections to them, 0 or 1. Needs CAP_NET_ADMIN or CAP_NET_RAW. See
     * ip(7).
     */
    public static final IntegerUnixChannelOption IP_TRANSPARENT = new IntegerUnixChannelOption("IP_TRANSPARENT", 0, 19);

    /** Allows an IPv6 socket to bind foreign addresses and accept connections to them, 0 or 1. Needs CAP_NET_ADMIN or CAP_NET_RAW. */
    public static final IntegerUnixChannelOption IPV6_TRANSPARENT = new IntegerUnixChannelOption("IPV6_TRANSPARENT", 41, 75);

    /** Allows binding to an IPv6 address that no interface has, 0 or 1. */
    public static final IntegerUnixChannelOption IPV6_FREEBIND = new IntegerUnixChannelOption("IPV6_FREEBIND", 41, 78);

    private NamespaceChannelOption() {}
}
