package io.inpod.netns.socket;

import io.inpod.netns.internal.InetSockaddr;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.SocketNumbers;
import io.inpod.netns.internal.SocketStructs.Cmsghdr;
import io.inpod.netns.internal.SocketStructs.Iovec;
import io.inpod.netns.internal.SocketStructs.Msghdr;
import java.lang.ref.Reference;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A reusable struct msghdr that receives datagrams with their sender and destination, see recvmsg(2), cmsg(3) and IP_RECVORIGDSTADDR in
 * ip(7). For one thread at a time.
 */
final class DatagramHeader {
    private static final int IOVEC = Msghdr.STRUCT.size();
    private static final int NAME = IOVEC + Iovec.STRUCT.size();
    private static final int CONTROL = NAME + 32; // aligned to 8
    private static final int CONTROL_BYTES = 128;

    private final ByteBuffer memory = Native.buffer(CONTROL + CONTROL_BYTES);
    private final long base = Native.address(memory);

    /** Receives into a direct buffer, without waiting. Returns the result of recvmsg. */
    int receive(int fd, ByteBuffer data) {
        Iovec.BASE.put(memory, IOVEC, Native.address(data) + data.position());
        Iovec.LENGTH.put(memory, IOVEC, data.remaining());
        Msghdr.VECTOR.put(memory, 0, base + IOVEC);
        Msghdr.VECTOR_LENGTH.put(memory, 0, 1);
        Msghdr.NAME.put(memory, 0, base + NAME);
        Msghdr.NAME_LENGTH.put(memory, 0, InetSockaddr.BYTES);
        Msghdr.CONTROL.put(memory, 0, base + CONTROL);
        Msghdr.CONTROL_LENGTH.put(memory, 0, CONTROL_BYTES);
        try {
            return (int) Native.LIBC.recvmsg(fd, memory, Constants.MSG_DONTWAIT);
        } finally {
            Reference.reachabilityFence(data);
        }
    }

    /** Whether the last datagram was longer than the buffer. */
    boolean truncated() {
        return (Msghdr.FLAGS.get(memory, 0) & Constants.MSG_TRUNC) != 0;
    }

    /** The address that the last datagram was sent from. */
    InetSocketAddress sender() {
        return InetSockaddr.read(memory, NAME);
    }

    /** The address that the last datagram was sent to; null if the kernel didn't report it. */
    @Nullable
    InetSocketAddress destination() {
        int end = CONTROL + Math.min(CONTROL_BYTES, (int) Msghdr.CONTROL_LENGTH.getLong(memory, 0));
        int at = CONTROL;
        while (at + Cmsghdr.STRUCT.size() <= end) {
            int length = (int) Cmsghdr.LENGTH.getLong(memory, at);
            int level = Cmsghdr.LEVEL.get(memory, at);
            int type = Cmsghdr.TYPE.get(memory, at);
            if (level == SocketNumbers.IPPROTO_IP && type == SocketNumbers.IP_RECVORIGDSTADDR
                    || level == SocketNumbers.IPPROTO_IPV6 && type == SocketNumbers.IPV6_RECVORIGDSTADDR) {
                return InetSockaddr.read(memory, at + Cmsghdr.STRUCT.size());
            }
            if (length < Cmsghdr.STRUCT.size()) {
                break;
            }
            at += (length + 7) & ~7;
        }
        return null;
    }
}
