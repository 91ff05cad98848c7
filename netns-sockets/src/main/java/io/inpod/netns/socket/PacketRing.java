package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.PacketStructs.Tpacket2Hdr;
import io.inpod.netns.internal.PacketStructs.TpacketReq;
import io.inpod.netns.internal.PacketStructs.TpacketStats;
import io.inpod.netns.internal.SharedRing;
import io.inpod.netns.internal.SocketStructs.Pollfd;
import io.inpod.netns.internal.SocketStructs.SockaddrLl;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Takes the frames that arrive at a network interface out of a ring in memory, and sends frames there, see packet(7), PACKET_RX_RING and
 * PACKET_VNET_HDR. Unlike the buffer of a {@link PacketSocket}, the ring has a size that the system doesn't limit, so that bursts aren't
 * lost. Frames that this host sends aren't received.
 *
 * <p>Each frame begins with a {@code struct virtio_net_hdr} of {@value #HEADER_BYTES} bytes, which says whether the checksum is still to be
 * computed; the Ethernet header follows. What was received can be sent as it is.
 *
 * <p>Needs CAP_NET_RAW. For one thread at a time; {@link #close()} too, since the ring's memory is gone afterwards.
 */
public final class PacketRing implements AutoCloseable {
    /** The length of the header before each frame. */
    public static final int HEADER_BYTES = 10;

    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final int SOL_PACKET = 263;
    private static final int PACKET_RX_RING = 5;
    private static final int PACKET_STATISTICS = 6;
    private static final int PACKET_VERSION = 10;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_IGNORE_OUTGOING = 23;
    private static final int TPACKET_V2 = 1;
    private static final int TP_STATUS_KERNEL = 0;
    private static final int TP_STATUS_USER = 1;
    private static final int ETH_P_ALL_NETWORK_ORDER = 0x0300;
    private static final int SO_ERROR = 4;
    private static final int POLLERR = 8;

    /** The most that the kernel puts before a frame: the slot's header, the sender's address, room for alignment, and ours. */
    private static final int OVERHEAD = 112;
    private static final int ETHERNET_BYTES = 18;
    private static final int BLOCK_BYTES = 64 * 1024;

    private final OwnedFd fd;
    private final SharedRing ring;
    private final int slotBytes;
    private final int slots;
    private final ByteBuffer frame;
    private final ByteBuffer statistics = Native.buffer(TpacketStats.STRUCT.size());
    private final ByteBuffer length = Native.buffer(Integer.BYTES);
    private final ByteBuffer polled = Native.buffer(2 * Pollfd.STRUCT.size());
    private int slot;
    private long lost;

    private PacketRing(OwnedFd fd, SharedRing ring, int slotBytes, int slots) {
        this.fd = fd;
        this.ring = ring;
        this.slotBytes = slotBytes;
        this.slots = slots;
        frame = ring.memory().duplicate();
    }

    /**
     * Begins to receive from an interface.
     *
     * @param namespace the namespace of the interface
     * @param interfaceIndex its index there, which must be up
     * @param largest the largest packet that is received, 68 to 65000 bytes; a larger one counts as lost. The interface's MTU isn't the
     *     limit where the kernel hands over several segments in one piece, see {@link io.inpod.netlink.Links#setMaxSegments}
     * @param ringBytes the size of the ring, 64 KiB to 1 GiB, rounded down to 64 KiB. Each packet takes as much of it as the
     *     largest one: its length and 130 bytes, rounded up to a power of two
     * @return the socket, to be closed by the caller
     * @throws IOException if there is no such interface or CAP_NET_RAW is missing
     */
    public static PacketRing open(NetworkNamespace namespace, int interfaceIndex, int largest, int ringBytes) throws IOException {
        if (largest < 68 || largest > 65_000 || ringBytes < BLOCK_BYTES || ringBytes > 1 << 30) {
            throw new IllegalArgumentException(
                    "a packet has 68 to 65000 bytes, and a ring 64 KiB to 1 GiB, unlike " + largest + " and " + ringBytes);
        }
        String subject = "interface " + interfaceIndex + " of " + namespace;
        int socket = namespace.call(() -> Native.LIBC.socket(Constants.AF_PACKET, Constants.SOCK_RAW | Constants.SOCK_CLOEXEC, 0));
        OwnedFd fd = OwnedFd.adopt(Native.check(socket, "socket(AF_PACKET)", subject), "packet ring on " + subject);
        try {
            int slotBytes = Math.min(BLOCK_BYTES, Integer.highestOneBit(largest + ETHERNET_BYTES + OVERHEAD - 1) << 1);
            int blocks = ringBytes / BLOCK_BYTES;
            SharedRing ring = map(socket, slotBytes, blocks, subject);
            try {
                bind(socket, interfaceIndex, subject);
                return new PacketRing(fd, ring, slotBytes, blocks * (BLOCK_BYTES / slotBytes));
            } catch (IOException e) {
                ring.close();
                throw e;
            }
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    private static SharedRing map(int socket, int slotBytes, int blocks, String subject) throws IOException {
        set(socket, PACKET_VERSION, TPACKET_V2, subject);
        set(socket, PACKET_VNET_HDR, 1, subject);
        set(socket, PACKET_IGNORE_OUTGOING, 1, subject);
        ByteBuffer size = Native.buffer(TpacketReq.STRUCT.size());
        TpacketReq.BLOCK_SIZE.put(size, 0, BLOCK_BYTES);
        TpacketReq.BLOCKS.put(size, 0, blocks);
        TpacketReq.FRAME_SIZE.put(size, 0, slotBytes);
        TpacketReq.FRAMES.put(size, 0, (long) blocks * (BLOCK_BYTES / slotBytes));
        Native.check(Native.LIBC.setsockopt(socket, SOL_PACKET, PACKET_RX_RING, size, size.capacity()), "setsockopt(PACKET_RX_RING)",
                subject);
        return SharedRing.map(socket, blocks * BLOCK_BYTES, subject);
    }

    private static void set(int socket, int option, int value, String subject) throws IOException {
        ByteBuffer number = Native.buffer(Integer.BYTES).putInt(0, value);
        Native.check(Native.LIBC.setsockopt(socket, SOL_PACKET, option, number, Integer.BYTES), "setsockopt(SOL_PACKET, " + option + ")",
                subject);
    }

    private static void bind(int socket, int interfaceIndex, String subject) throws IOException {
        ByteBuffer address = Native.buffer(SockaddrLl.STRUCT.size());
        SockaddrLl.FAMILY.put(address, 0, Constants.AF_PACKET);
        SockaddrLl.PROTOCOL.put(address, 0, ETH_P_ALL_NETWORK_ORDER);
        SockaddrLl.INDEX.put(address, 0, interfaceIndex);
        Native.check(Native.LIBC.bind(socket, address, SockaddrLl.STRUCT.size()), "bind(AF_PACKET)", subject);
    }

    /**
     * Returns the frame that has waited longest. It stays in the ring, and is returned again, until {@link #release()}.
     *
     * @return the frame in the ring's memory, in network byte order, from position to limit; it may be changed, and is valid until
     *     {@link #release()}. Null if none is waiting
     */
    public @Nullable ByteBuffer next() {
        for (;;) {
            int at = slot * slotBytes;
            if (((int) INT.getAcquire(ring.memory(), at) & TP_STATUS_USER) == 0) {
                return null;
            }
            int captured = Tpacket2Hdr.CAPTURED.get(ring.memory(), at);
            if (captured == Tpacket2Hdr.LENGTH.get(ring.memory(), at)) {
                int begin = at + Tpacket2Hdr.MAC.get(ring.memory(), at) - HEADER_BYTES;
                return frame.limit(begin + HEADER_BYTES + captured).position(begin);
            }
            lost++; // larger than the largest one
            release();
        }
    }

    /** Gives the room of the frame that {@link #next()} returned back to the kernel. */
    public void release() {
        INT.setRelease(ring.memory(), slot * slotBytes, TP_STATUS_KERNEL);
        slot = slot + 1 == slots ? 0 : slot + 1;
    }

    /**
     * Sends a frame, and waits for room in the socket's buffer.
     *
     * @param bytes a direct buffer with the header and the frame from position to limit, which don't change
     * @return whether it was sent; false if the interface is down or gone, or the frame is larger than its MTU
     * @throws IOException if this socket is closed, or the kernel refuses the frame for another reason
     */
    public boolean send(ByteBuffer bytes) throws IOException {
        int number = fd.acquire();
        try {
            while (Native.LIBC.send(number, bytes, bytes.remaining(), 0) < 0) {
                int errno = Native.errno();
                if (errno == Constants.ENETDOWN || errno == Constants.ENXIO || errno == Constants.EMSGSIZE || errno == Constants.ENOBUFS) {
                    return false;
                }
                if (errno != Constants.EINTR) {
                    throw Native.failure("send(AF_PACKET)", this);
                }
            }
            return true;
        } finally {
            fd.release();
        }
    }

    /**
     * Waits until a frame has arrived in this ring or in another one, or an interface has gone down.
     *
     * @param other the other ring
     * @param timeout for how long to wait, rounded up to milliseconds; zero returns at once
     * @throws IOException if one of them is closed
     */
    public void await(PacketRing other, Duration timeout) throws IOException {
        int mine = fd.acquire();
        try {
            int others = other.fd.acquire();
            try {
                await(mine, others, (int) Math.min(Integer.MAX_VALUE, (timeout.toNanos() + 999_999) / 1_000_000));
            } finally {
                other.fd.release();
            }
        } finally {
            fd.release();
        }
    }

    private void await(int mine, int others, int millis) throws IOException {
        int second = Pollfd.STRUCT.size();
        Pollfd.FD.put(polled, 0, mine);
        Pollfd.EVENTS.put(polled, 0, Constants.POLLIN);
        Pollfd.FD.put(polled, second, others);
        Pollfd.EVENTS.put(polled, second, Constants.POLLIN);
        if (Native.LIBC.poll(polled, 2, millis) < 0 && Native.errno() != Constants.EINTR) {
            throw Native.failure("poll", this);
        }
        clearError(mine, Pollfd.RETURNED.get(polled, 0));
        clearError(others, Pollfd.RETURNED.get(polled, second));
    }

    /** An interface that goes down is an error of the socket, which otherwise would end every further wait. */
    private void clearError(int number, int events) {
        if ((events & POLLERR) != 0) {
            Native.LIBC.getsockopt(number, Constants.SOL_SOCKET, SO_ERROR, length, Native.buffer(Integer.BYTES).putInt(0, Integer.BYTES));
        }
    }

    /**
     * Returns how many frames this socket couldn't take, for want of room or because they were too large.
     *
     * @return the number, since the socket was opened
     * @throws IOException if this socket is closed
     */
    public long lost() throws IOException {
        int number = fd.acquire();
        try {
            length.putInt(0, statistics.capacity());
            Native.check(Native.LIBC.getsockopt(number, SOL_PACKET, PACKET_STATISTICS, statistics, length), "getsockopt(PACKET_STATISTICS)",
                    this);
            lost += TpacketStats.DROPS.getLong(statistics, 0);
            return lost;
        } finally {
            fd.release();
        }
    }

    /** Stops receiving and unmaps the ring. Closing twice does nothing. */
    @Override
    public void close() {
        if (!fd.isClosed()) {
            ring.close();
            fd.close();
        }
    }

    @Override
    public String toString() {
        return fd.toString();
    }
}
