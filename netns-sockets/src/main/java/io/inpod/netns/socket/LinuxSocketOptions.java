package io.inpod.netns.socket;

import static io.inpod.netns.internal.SocketNumbers.*;

import io.inpod.netns.socket.LinuxSocketOption.Location;
import java.time.Duration;
import java.util.List;

/** The Linux socket options that servers, clients and proxies use, see socket(7), ip(7), ipv6(7) and tcp(7). */
public final class LinuxSocketOptions {
    private static final int MAX = Integer.MAX_VALUE;
    private static final int MAX_KEEPALIVE_SECONDS = 32767;

    /**
     * The mark of every packet that the socket sends, all 32 bits, 0 for none; accepted sockets inherit it. SO_MARK needs CAP_NET_ADMIN,
     * or CAP_NET_RAW since Linux 5.17.
     */
    public static final LinuxSocketOption<Integer> MARK =
            new LinuxSocketOption<>("SO_MARK", OptionFormat.integer(Integer.MIN_VALUE, MAX), SOL_SOCKET, SO_MARK);

    /** Whether several sockets of one user that all have this option may bind the same port and share its traffic, SO_REUSEPORT. */
    public static final LinuxSocketOption<Boolean> REUSE_PORT = flag("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT);

    /** Whether the socket may bind a port that old connections still use, SO_REUSEADDR. */
    public static final LinuxSocketOption<Boolean> REUSE_ADDRESS = flag("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR);

    /** Whether an IPv6 socket also serves IPv4, with mapped addresses: the inverse of IPV6_V6ONLY. It can only be set before binding. */
    public static final LinuxSocketOption<Boolean> DUAL_STACK =
            new LinuxSocketOption<>("!IPV6_V6ONLY", OptionFormat.INVERSE_FLAG, IPPROTO_IPV6, IPV6_V6ONLY);

    /** Whether the socket may bind foreign addresses and accept connections to them. Needs CAP_NET_ADMIN or CAP_NET_RAW. */
    public static final LinuxSocketOption<Boolean> TRANSPARENT = new LinuxSocketOption<>("IP_TRANSPARENT", OptionFormat.FLAG,
            List.of(new Location(IPPROTO_IP, IP_TRANSPARENT)), List.of(new Location(IPPROTO_IPV6, IPV6_TRANSPARENT)));

    /** Whether the socket may bind an address that no interface has, IP_FREEBIND. */
    public static final LinuxSocketOption<Boolean> FREEBIND = new LinuxSocketOption<>("IP_FREEBIND", OptionFormat.FLAG,
            List.of(new Location(IPPROTO_IP, IP_FREEBIND)), List.of(new Location(IPPROTO_IPV6, IPV6_FREEBIND)));

    /**
     * Whether binding an address with port 0 leaves the choice of the port to connect(2), IP_BIND_ADDRESS_NO_PORT. This lets one source
     * address have more than 65,535 connections.
     */
    public static final LinuxSocketOption<Boolean> BIND_NO_PORT = flag("IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);

    /**
     * Whether a datagram is received together with the address that it was sent to, IP_RECVORIGDSTADDR and IPV6_RECVORIGDSTADDR. For a
     * datagram that TPROXY has diverted, this isn't an address of this host. {@link UdpSocket} returns it.
     */
    public static final LinuxSocketOption<Boolean> RECEIVE_DESTINATION = new LinuxSocketOption<>("IP_RECVORIGDSTADDR", OptionFormat.FLAG,
            List.of(new Location(IPPROTO_IP, IP_RECVORIGDSTADDR)),
            List.of(new Location(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR), new Location(IPPROTO_IP, IP_RECVORIGDSTADDR)));

    /** Whether keepalive probes detect peers that have vanished, SO_KEEPALIVE. */
    public static final LinuxSocketOption<Boolean> KEEPALIVE = flag("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE);

    /** Idle time before the first keepalive probe, 1 to 32767 whole seconds, TCP_KEEPIDLE. */
    public static final LinuxSocketOption<Duration> KEEPALIVE_IDLE =
            new LinuxSocketOption<>("TCP_KEEPIDLE", OptionFormat.seconds(1, MAX_KEEPALIVE_SECONDS), IPPROTO_TCP, TCP_KEEPIDLE);

    /** Time between keepalive probes, 1 to 32767 whole seconds, TCP_KEEPINTVL. */
    public static final LinuxSocketOption<Duration> KEEPALIVE_INTERVAL =
            new LinuxSocketOption<>("TCP_KEEPINTVL", OptionFormat.seconds(1, MAX_KEEPALIVE_SECONDS), IPPROTO_TCP, TCP_KEEPINTVL);

    /** Number of unanswered keepalive probes that ends a connection, 1 to 127, TCP_KEEPCNT. */
    public static final LinuxSocketOption<Integer> KEEPALIVE_COUNT =
            new LinuxSocketOption<>("TCP_KEEPCNT", OptionFormat.integer(1, 127), IPPROTO_TCP, TCP_KEEPCNT);

    /**
     * How long sent data may stay unacknowledged, up to 2³¹-1 whole milliseconds, zero for the system's default, TCP_USER_TIMEOUT.
     * It also ends connections to live peers that don't read for that long.
     */
    public static final LinuxSocketOption<Duration> USER_TIMEOUT =
            new LinuxSocketOption<>("TCP_USER_TIMEOUT", OptionFormat.milliseconds(), IPPROTO_TCP, TCP_USER_TIMEOUT);

    /**
     * How many bytes may wait in the socket unsent, at least 1, TCP_NOTSENT_LOWAT: beyond that the socket isn't writable, and it becomes
     * writable again below half of it. What is sent and not yet acknowledged doesn't count, so the option costs no throughput unless it is
     * small. It keeps unsent bytes, which a peer that doesn't read would leave in the kernel, with their owner. Connections inherit it from
     * their listener. The default is {@code net.ipv4.tcp_notsent_lowat} of the namespace.
     */
    public static final LinuxSocketOption<Integer> NOTSENT_LOWAT =
            new LinuxSocketOption<>("TCP_NOTSENT_LOWAT", OptionFormat.integer(1, MAX), IPPROTO_TCP, TCP_NOTSENT_LOWAT);

    /** Whether small packets are sent immediately, TCP_NODELAY. Netty sets it on every connection unless configured otherwise. */
    public static final LinuxSocketOption<Boolean> NO_DELAY = flag("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY);

    /**
     * The name of the congestion control algorithm, 1 to 15 bytes, such as "reno", TCP_CONGESTION; see tcp(7). Connections inherit it from
     * their listener. A process without CAP_NET_ADMIN may only choose from {@code net.ipv4.tcp_allowed_congestion_control}, which always
     * contains "reno".
     */
    public static final LinuxSocketOption<String> CONGESTION =
            new LinuxSocketOption<>("TCP_CONGESTION", OptionFormat.ALGORITHM, IPPROTO_TCP, TCP_CONGESTION);

    /**
     * The only interface that the socket sends through and receives from, by its name in the socket's namespace, 1 to 15 bytes,
     * SO_BINDTODEVICE. Changing it later needs CAP_NET_RAW.
     */
    public static final LinuxSocketOption<String> DEVICE =
            new LinuxSocketOption<>("SO_BINDTODEVICE", OptionFormat.INTERFACE, SOL_SOCKET, SO_BINDTODEVICE);

    /**
     * The type of service of sent packets, 0 to 255: IP_TOS, and on an IPv6 socket IPV6_TCLASS too. For TCP the kernel reserves the
     * lowest two bits (ECN).
     */
    public static final LinuxSocketOption<Integer> TOS = new LinuxSocketOption<>("IP_TOS", OptionFormat.integer(0, 255),
            List.of(new Location(IPPROTO_IP, IP_TOS)), List.of(new Location(IPPROTO_IPV6, IPV6_TCLASS), new Location(IPPROTO_IP, IP_TOS)),
            null);

    /** The queueing priority of sent packets, at least 0, SO_PRIORITY. More than 6 needs CAP_NET_ADMIN. Setting {@link #TOS} changes it. */
    public static final LinuxSocketOption<Integer> PRIORITY =
            new LinuxSocketOption<>("SO_PRIORITY", OptionFormat.integer(0, MAX), SOL_SOCKET, SO_PRIORITY);

    /**
     * How many bytes the socket may have received that nobody has read, 1 to 2³⁰-1, SO_RCVBUFFORCE; connections inherit it from their
     * listener. The kernel doubles it, for what it needs itself, and reading the option returns that. With this option the size is fixed: a
     * TCP socket no longer follows {@code net.ipv4.tcp_rmem} of its namespace. {@code net.core.rmem_max} doesn't limit it. Needs
     * CAP_NET_ADMIN in the machine's first user namespace, which no ordinary user has, whatever namespaces they own.
     */
    public static final LinuxSocketOption<Integer> RECEIVE_BUFFER = buffer("SO_RCVBUFFORCE", SO_RCVBUF, SO_RCVBUFFORCE);

    /**
     * How many bytes the socket may have been given to send that its peer hasn't received, 1 to 2³⁰-1, SO_SNDBUFFORCE; as for
     * {@link #RECEIVE_BUFFER}, with {@code net.ipv4.tcp_wmem} and {@code net.core.wmem_max}.
     */
    public static final LinuxSocketOption<Integer> SEND_BUFFER = buffer("SO_SNDBUFFORCE", SO_SNDBUF, SO_SNDBUFFORCE);

    /** What the socket holds of the kernel's memory, SO_MEMINFO. Can be read, not set. */
    public static final LinuxSocketOption<SocketMemory> MEMORY =
            new LinuxSocketOption<>("SO_MEMINFO", OptionFormat.MEMORY, SOL_SOCKET, SO_MEMINFO);

    /** For listeners: the number of connections that may send data before their handshake has ended, at least 0, TCP_FASTOPEN. */
    public static final LinuxSocketOption<Integer> FAST_OPEN =
            new LinuxSocketOption<>("TCP_FASTOPEN", OptionFormat.integer(0, MAX), IPPROTO_TCP, TCP_FASTOPEN);

    /**
     * For clients: whether the handshake waits for the first data and carries it, TCP_FASTOPEN_CONNECT. It can only be set before
     * connecting.
     */
    public static final LinuxSocketOption<Boolean> FAST_OPEN_CONNECT =
            flag("TCP_FASTOPEN_CONNECT", IPPROTO_TCP, TCP_FASTOPEN_CONNECT);

    /**
     * For listeners: how long the kernel waits for a connection's first data before it is accepted without data, in whole seconds, 0 for
     * not waiting, TCP_DEFER_ACCEPT. The kernel rounds it up to a whole number of retransmissions.
     */
    public static final LinuxSocketOption<Duration> DEFER_ACCEPT =
            new LinuxSocketOption<>("TCP_DEFER_ACCEPT", OptionFormat.seconds(0, MAX), IPPROTO_TCP, TCP_DEFER_ACCEPT);

    private LinuxSocketOptions() {}

    /** SO_RCVBUFFORCE and SO_SNDBUFFORCE can be set but not read. */
    private static LinuxSocketOption<Integer> buffer(String name, int read, int force) {
        List<Location> set = List.of(new Location(SOL_SOCKET, force));
        return new LinuxSocketOption<>(name, OptionFormat.integer(1, MAX / 2), set, set, new Location(SOL_SOCKET, read));
    }

    private static LinuxSocketOption<Boolean> flag(String name, int level, int number) {
        return new LinuxSocketOption<>(name, OptionFormat.FLAG, level, number);
    }
}
