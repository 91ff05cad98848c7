package io.inpod.tproxy;

import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Where the client of an intercepted connection wanted to go.
 *
 * <p>The address may be that of the proxy's own listener, when a client connected to it directly: a proxy must not follow it then,
 * or it would connect to itself without end.
 *
 * @param address the destination; an IPv4-mapped IPv6 address is turned into the IPv4 address
 * @param found how it was found out
 */
public record OriginalDestination(InetSocketAddress address, Found found) {
    // struct sockaddr_in and sockaddr_in6 of SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST (linux/netfilter_ipv4.h, ip6_tables.h)
    private static final RawUnixChannelOption V4 = new RawUnixChannelOption("SO_ORIGINAL_DST", 0, 80, 16);
    private static final RawUnixChannelOption V6 = new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", 41, 80, 28);

    /** How a destination was found out. */
    public enum Found {
        /** Connection tracking remembers it: the connection was redirected by NAT (REDIRECT or DNAT). */
        REDIRECT,
        /** It is the socket's local address: the connection came by TPROXY, or directly. */
        LOCAL_ADDRESS
    }

    /** Brings the address into its canonical form. */
    public OriginalDestination {
        address = CanonicalAddress.of(address);
    }

    /**
     * Asks the kernel; takes well under a microsecond, more where the connection wasn't redirected. May be called from any thread.
     *
     * @param accepted a connection that a listener accepted
     * @return its original destination
     * @throws ClosedChannelException if the connection is closed already
     */
    public static OriginalDestination of(EpollSocketChannel accepted) throws ClosedChannelException {
        InetSocketAddress local = accepted.localAddress();
        if (local == null) {
            throw new ClosedChannelException();
        }
        InetSocketAddress own = CanonicalAddress.of(local);
        InetSocketAddress tracked = own;
        try {
            // By the family of the addresses, not of the socket: a dual-stack socket's IPv4 connections are tracked as IPv4.
            tracked = own.getAddress() instanceof Inet4Address ? address(accepted, V4, 4, 4) : address(accepted, V6, 8, 16);
        } catch (ChannelException untracked) {
            // ENOENT is normal with TPROXY, and ENOPROTOOPT without connection tracking.
            if (!accepted.isOpen()) {
                throw new ClosedChannelException();
            }
        }
        // Without NAT the kernel answers too, with the local address.
        return tracked.equals(own) ? new OriginalDestination(own, Found.LOCAL_ADDRESS) : new OriginalDestination(tracked, Found.REDIRECT);
    }

    private static InetSocketAddress address(EpollSocketChannel accepted, RawUnixChannelOption option, int offset, int length) {
        ByteBuffer sockaddr = accepted.config().getOption(option);
        byte[] ip = new byte[length];
        sockaddr.get(offset, ip);
        InetAddress address = CanonicalAddress.ofBytes(ip);
        return new InetSocketAddress(address, (sockaddr.get(2) & 0xff) << 8 | sockaddr.get(3) & 0xff);
    }
}
