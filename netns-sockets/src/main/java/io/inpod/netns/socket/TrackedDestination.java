package io.inpod.netns.socket;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketNumbers;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What connection tracking remembers of an accepted connection: the destination it had before NAT changed it, SO_ORIGINAL_DST and
 * IP6T_SO_ORIGINAL_DST of linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h.
 */
public final class TrackedDestination {
    private static final int ENOENT = 2;
    private static final int ENOPROTOOPT = 92;

    /** Room for an address and its length; per thread, because the question is asked for every connection. */
    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private TrackedDestination() {}

    private static final class Room {
        final ByteBuffer address = Native.buffer(InetSockaddr.BYTES);
        final ByteBuffer length = Native.buffer(4);
    }

    /**
     * Asks for the destination. May be called on any thread, as long as no other one closes the channel meanwhile.
     *
     * @param accepted a connection that a listener accepted, on epoll or io_uring
     * @param v6 whether its addresses are IPv6 ones; those of an IPv6 socket's IPv4 connection (::ffff:a.b.c.d) are not
     * @return the destination; without NAT the connection's local address, and null if it isn't tracked at all
     * @throws SystemCallException if the kernel refuses for another reason
     * @throws IOException if the channel is closed
     */
    public static @Nullable InetSocketAddress of(Channel accepted, boolean v6) throws IOException {
        Room room = ROOM.get();
        int fd = LinuxSocketOption.descriptor(accepted);
        int level = v6 ? SocketNumbers.IPPROTO_IPV6 : SocketNumbers.IPPROTO_IP;
        int option = v6 ? SocketNumbers.IP6T_SO_ORIGINAL_DST : SocketNumbers.SO_ORIGINAL_DST;
        room.length.putInt(0, InetSockaddr.BYTES);
        if (Native.LIBC.getsockopt(fd, level, option, room.address, room.length) == 0) {
            return InetSockaddr.read(room.address, 0);
        }
        int errno = Native.errno();
        if (errno == ENOENT || errno == ENOPROTOOPT) { // not tracked, or no connection tracking in this kernel or namespace
            return null;
        }
        throw Native.failure("getsockopt(SO_ORIGINAL_DST)", accepted);
    }
}
