package io.inpod.netns.socket;

import io.inpod.netns.IpFamily;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.InetSockaddr;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketNumbers;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The destination that an accepted connection had before NAT changed it, according to connection tracking. See SO_ORIGINAL_DST in
 * linux/netfilter_ipv4.h and IP6T_SO_ORIGINAL_DST in linux/netfilter_ipv6/ip6_tables.h.
 */
public final class TrackedDestination {
    private static final int ENOENT = 2;
    private static final int ENOPROTOOPT = 92;

    /** Memory for an address and its length; one per thread, because it is used for every connection. */
    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private TrackedDestination() {}

    private static final class Room {
        final ByteBuffer address = Native.buffer(InetSockaddr.BYTES);
        final ByteBuffer length = Native.buffer(4);
    }

    /**
     * Returns the destination. May be called on any thread, provided that no other thread closes the channel meanwhile.
     *
     * @param accepted a connection that a listener accepted, on epoll or io_uring
     * @param family the family of its addresses; an IPv4 connection of an IPv6 socket (::ffff:a.b.c.d) belongs to IPv4
     * @return the destination; without NAT, the connection's local address; null if the connection isn't tracked
     * @throws SystemCallException if the kernel refuses for another reason
     * @throws IOException if the channel is closed
     */
    public static @Nullable InetSocketAddress of(Channel accepted, IpFamily family) throws IOException {
        Room room = ROOM.get();
        int fd = LinuxSocketOption.descriptor(accepted);
        boolean v6 = family == IpFamily.V6;
        int level = v6 ? SocketNumbers.IPPROTO_IPV6 : SocketNumbers.IPPROTO_IP;
        int option = v6 ? SocketNumbers.IP6T_SO_ORIGINAL_DST : SocketNumbers.SO_ORIGINAL_DST;
        room.length.putInt(0, InetSockaddr.BYTES);
        if (Native.LIBC.getsockopt(fd, level, option, room.address, room.length) == 0) {
            return InetSockaddr.read(room.address, 0);
        }
        int errno = Native.errno();
        if (errno == ENOENT || errno == ENOPROTOOPT) { // not tracked, or this kernel or namespace has no connection tracking
            return null;
        }
        throw Native.failure("getsockopt(SO_ORIGINAL_DST)", accepted);
    }
}
