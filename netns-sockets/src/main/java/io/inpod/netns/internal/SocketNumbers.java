package io.inpod.netns.internal;

import jnr.constants.platform.AddressFamily;
import jnr.constants.platform.IP;
import jnr.constants.platform.IPProto;
import jnr.constants.platform.SocketLevel;
import jnr.constants.platform.SocketOption;
import jnr.constants.platform.TCP;

/**
 * Levels and numbers of socket options. Those that jnr-constants lacks are from linux/in.h, linux/in6.h,
 * asm-generic/socket.h, linux/tcp.h, linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h.
 */
public final class SocketNumbers {
    public static final int AF_INET = AddressFamily.AF_INET.intValue();
    public static final int AF_INET6 = AddressFamily.AF_INET6.intValue();

    public static final int SOL_SOCKET = SocketLevel.SOL_SOCKET.intValue();
    public static final int SO_REUSEADDR = SocketOption.SO_REUSEADDR.intValue();
    public static final int SO_REUSEPORT = SocketOption.SO_REUSEPORT.intValue();
    public static final int SO_KEEPALIVE = SocketOption.SO_KEEPALIVE.intValue();
    public static final int SO_PRIORITY = SocketOption.SO_PRIORITY.intValue();
    public static final int SO_BINDTODEVICE = SocketOption.SO_BINDTODEVICE.intValue();
    public static final int SO_SNDBUF = SocketOption.SO_SNDBUF.intValue();
    public static final int SO_RCVBUF = SocketOption.SO_RCVBUF.intValue();
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_MEMINFO = 55;
    public static final int SO_NETNS_COOKIE = 71;
    public static final int SO_MARK = SocketOption.SO_MARK.intValue();
    public static final int SO_DOMAIN = SocketOption.SO_DOMAIN.intValue();

    public static final int IPPROTO_IP = IPProto.IPPROTO_IP.intValue();
    public static final int IP_TOS = IP.IP_TOS.intValue();
    public static final int IP_FREEBIND = IP.IP_FREEBIND.intValue();
    public static final int IP_TRANSPARENT = IP.IP_TRANSPARENT.intValue();
    public static final int IP_RECVORIGDSTADDR = 20;
    public static final int IP_BIND_ADDRESS_NO_PORT = 24;
    public static final int SO_ORIGINAL_DST = 80;

    public static final int IPPROTO_IPV6 = IPProto.IPPROTO_IPV6.intValue();
    public static final int IPV6_V6ONLY = 26;
    public static final int IPV6_TCLASS = 67;
    public static final int IPV6_RECVORIGDSTADDR = 74;
    public static final int IPV6_TRANSPARENT = 75;
    public static final int IP6T_SO_ORIGINAL_DST = 80;
    public static final int IPV6_FREEBIND = 78;

    public static final int IPPROTO_TCP = IPProto.IPPROTO_TCP.intValue();
    public static final int TCP_NODELAY = TCP.TCP_NODELAY.intValue();
    public static final int TCP_KEEPIDLE = TCP.TCP_KEEPIDLE.intValue();
    public static final int TCP_KEEPINTVL = TCP.TCP_KEEPINTVL.intValue();
    public static final int TCP_KEEPCNT = TCP.TCP_KEEPCNT.intValue();
    public static final int TCP_DEFER_ACCEPT = TCP.TCP_DEFER_ACCEPT.intValue();
    public static final int TCP_USER_TIMEOUT = TCP.TCP_USER_TIMEOUT.intValue();
    public static final int TCP_CONGESTION = TCP.TCP_CONGESTION.intValue();
    public static final int TCP_NOTSENT_LOWAT = 25;
    public static final int TCP_FASTOPEN = TCP.TCP_FASTOPEN.intValue();
    public static final int TCP_FASTOPEN_CONNECT = 30;

    private SocketNumbers() {}
}
