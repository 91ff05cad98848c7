package io.inpod.netns.internal;

/**
 * Levels and numbers of socket options, from linux/in.h, linux/in6.h, asm-generic/socket.h, linux/tcp.h, linux/netfilter_ipv4.h and
 * linux/netfilter_ipv6/ip6_tables.h. A test compares those that jnr-constants has.
 */
public final class SocketNumbers {
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;

    public static final int SOL_SOCKET = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_REUSEPORT = 15;
    public static final int SO_KEEPALIVE = 9;
    public static final int SO_PRIORITY = 12;
    public static final int SO_BINDTODEVICE = 25;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_MEMINFO = 55;
    public static final int SO_NETNS_COOKIE = 71;
    public static final int SO_MARK = 36;
    public static final int SO_DOMAIN = 39;

    public static final int IPPROTO_IP = 0;
    public static final int IP_TOS = 1;
    public static final int IP_FREEBIND = 15;
    public static final int IP_TRANSPARENT = 19;
    public static final int IP_RECVORIGDSTADDR = 20;
    public static final int IP_BIND_ADDRESS_NO_PORT = 24;
    public static final int SO_ORIGINAL_DST = 80;

    public static final int IPPROTO_IPV6 = 41;
    public static final int IPV6_V6ONLY = 26;
    public static final int IPV6_TCLASS = 67;
    public static final int IPV6_RECVORIGDSTADDR = 74;
    public static final int IPV6_TRANSPARENT = 75;
    public static final int IP6T_SO_ORIGINAL_DST = 80;
    public static final int IPV6_FREEBIND = 78;

    public static final int IPPROTO_TCP = 6;
    public static final int TCP_NODELAY = 1;
    public static final int TCP_KEEPIDLE = 4;
    public static final int TCP_KEEPINTVL = 5;
    public static final int TCP_KEEPCNT = 6;
    public static final int TCP_DEFER_ACCEPT = 9;
    public static final int TCP_USER_TIMEOUT = 18;
    public static final int TCP_CONGESTION = 13;
    public static final int TCP_NOTSENT_LOWAT = 25;
    public static final int TCP_FASTOPEN = 23;
    public static final int TCP_FASTOPEN_CONNECT = 30;

    private SocketNumbers() {}
}
