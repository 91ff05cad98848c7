package io.inpod.netns.testing.fault;

import io.inpod.netns.socket.PacketRing;
import java.nio.ByteBuffer;

/**
 * A frame on its way, either in the memory of the ring that it arrived in or in a frame of the pool. Who has it passes it on,
 * {@linkplain #keep() keeps} it or {@linkplain #free() frees} it.
 */
final class Packet {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int PSH = 8;
    static final int ACK = 16;

    static final int ETHERNET = PacketRing.HEADER_BYTES;
    static final int IP = ETHERNET + 14;
    static final int IPV4_BYTES = 20;
    static final int IPV6_BYTES = 40;
    static final int TCP = 6;
    static final int UDP = 17;
    private static final int UDP_BYTES = 8;
    private static final int ICMPV6 = 58;
    private static final int FRAGMENT = 44;
    private static final int FRAGMENT_OFFSET = 0x1fff;
    private static final int NEEDS_CHECKSUM = 1;
    private static final int FIRST_NEIGHBOUR_TYPE = 133;
    private static final int LAST_NEIGHBOUR_TYPE = 137;

    private final FramePool pool;
    private final ByteBuffer frame;
    private final boolean pooled;
    private final boolean sent;
    private final int version;
    private int protocol = -1;
    private int transport;
    private int end;
    private long due;

    private Packet(FramePool pool, ByteBuffer frame, boolean pooled, boolean sent) {
        this.pool = pool;
        this.frame = frame;
        this.pooled = pooled;
        this.sent = sent;
        version = frame.limit() < IP + IPV4_BYTES ? 0 : switch (frame.getShort(IP - 2)) {
            case 0x0800 -> 4;
            case (short) 0x86dd -> 6;
            default -> 0;
        };
        if (version == 4) {
            parseV4();
        } else if (version == 6) {
            parseV6();
        }
    }

    /** A frame that is still in the ring; its buffer begins at index 0. */
    static Packet arrived(FramePool pool, ByteBuffer frame, boolean sent) {
        return new Packet(pool, frame, false, sent);
    }

    /** A frame in memory of the pool. */
    static Packet made(FramePool pool, ByteBuffer frame, boolean sent) {
        return new Packet(pool, frame, true, sent);
    }

    private void parseV4() {
        transport = IP + (frame.get(IP) & 0xf) * 4;
        end = Math.min(frame.limit(), IP + (frame.getShort(IP + 2) & 0xffff));
        if ((frame.getShort(IP + 6) & FRAGMENT_OFFSET) == 0) {
            known(frame.get(IP + 9) & 0xff);
        }
    }

    private void parseV6() {
        if (frame.limit() < IP + IPV6_BYTES) {
            return;
        }
        int next = frame.get(IP + 6) & 0xff;
        int at = IP + IPV6_BYTES;
        end = Math.min(frame.limit(), at + (frame.getShort(IP + 4) & 0xffff));
        while ((next == 0 || next == 43 || next == 60 || next == FRAGMENT) && at + 8 <= end) {
            if (next == FRAGMENT && (frame.getShort(at + 2) & 0xfff8) != 0) {
                return;
            }
            int bytes = next == FRAGMENT ? 8 : ((frame.get(at + 1) & 0xff) + 1) * 8;
            next = frame.get(at) & 0xff;
            at += bytes;
        }
        transport = at;
        known(next);
    }

    /** Takes the protocol, unless its header isn't whole. */
    private void known(int number) {
        int header = number == TCP ? 20 : 8;
        protocol = transport + header <= end ? number : -1;
    }

    /** The frame, with the header of {@link PacketRing} in front. */
    ByteBuffer frame() {
        return frame;
    }

    /** Whether the pod sent it, rather than receives it. */
    boolean sent() {
        return sent;
    }

    /** When it is to be passed on, as a value of System.nanoTime(), if it is held back. */
    long due() {
        return due;
    }

    Packet due(long nanos) {
        due = nanos;
        return this;
    }

    boolean isIp() {
        return version != 0;
    }

    boolean isV4() {
        return version == 4;
    }

    /** Whether it is a segment of TCP, with its header. */
    boolean isTcp() {
        return protocol == TCP;
    }

    boolean isNeighbourDiscovery() {
        int type = protocol == ICMPV6 ? frame.get(transport) & 0xff : 0;
        return type >= FIRST_NEIGHBOUR_TYPE && type <= LAST_NEIGHBOUR_TYPE;
    }

    boolean hasPort(int port) {
        return (protocol == TCP || protocol == UDP) && (sourcePort() == port || destinationPort() == port);
    }

    int sourcePort() {
        return frame.getShort(transport) & 0xffff;
    }

    int destinationPort() {
        return frame.getShort(transport + 2) & 0xffff;
    }

    /** Whether the other end, not the pod, has this address. */
    boolean hasPeer(byte[] address) {
        if (address.length != addressBytes()) {
            return false;
        }
        int at = sent ? destination() : source();
        for (int i = 0; i < address.length; i++) {
            if (frame.get(at + i) != address[i]) {
                return false;
            }
        }
        return true;
    }

    int addressBytes() {
        return isV4() ? 4 : 16;
    }

    /** The index of the source address. */
    int source() {
        return IP + (isV4() ? 12 : 8);
    }

    /** The index of the destination address. */
    int destination() {
        return source() + addressBytes();
    }

    /** How many packets it is on the wire: the kernel hands several segments of a connection over in one piece. */
    int segments() {
        int bytes = segmentBytes();
        return bytes == 0 ? 1 : Math.max(1, (end - data() + bytes - 1) / bytes);
    }

    /** The length of the data of each of those, except the last one; 0 if it is a single packet. */
    int segmentBytes() {
        return frame.get(1) != 0 && (protocol == TCP || protocol == UDP) ? machineOrder(4) : 0;
    }

    /** The length of the IP packets on the wire, in bytes. */
    int ipBytes() {
        int segments = segments();
        return segments == 1 ? end - IP : end - IP + (segments - 1) * (data() - IP);
    }

    /** A number of 16 bits in the header of {@link PacketRing}. */
    private int machineOrder(int at) {
        return Short.reverseBytes(frame.getShort(at)) & 0xffff;
    }

    /** The index of the TCP or UDP header. */
    int transport() {
        return transport;
    }

    /** The index after the last byte. */
    int end() {
        return end;
    }

    int flags() {
        return frame.get(transport + 13) & 0x3f;
    }

    boolean has(int flag) {
        return (flags() & flag) != 0;
    }

    int sequence() {
        return frame.getInt(transport + 4);
    }

    int acknowledged() {
        return frame.getInt(transport + 8);
    }

    /** The index of the data of TCP or UDP. */
    int data() {
        return protocol == UDP ? transport + UDP_BYTES : Math.min(end, transport + ((frame.get(transport + 12) & 0xf0) >> 2));
    }

    int dataBytes() {
        return end - data();
    }

    /**
     * A TCP connection through a pod's link.
     *
     * @param ends the addresses of the pod and its peer, then their ports, in both directions
     */
    record Connection(ByteBuffer ends) {}

    Connection connection() {
        ByteBuffer key = ByteBuffer.allocate(2 * addressBytes() + 4);
        key.put(frame.slice(sent ? source() : destination(), addressBytes()))
                .put(frame.slice(sent ? destination() : source(), addressBytes()));
        key.putShort((short) (sent ? sourcePort() : destinationPort())).putShort((short) (sent ? destinationPort() : sourcePort()));
        return new Connection(key.flip());
    }

    /** Computes the checksum that the kernel would have left to the network card, so that damage after this is noticed. */
    void completeChecksum() {
        if ((frame.get(0) & NEEDS_CHECKSUM) == 0) {
            return;
        }
        int start = ETHERNET + machineOrder(6);
        int field = start + machineOrder(8);
        frame.putShort(field, Checksum.neverZero(Checksum.sum(frame, start, end))); // the field contains the sum of the addresses
        frame.put(0, (byte) 0);
    }

    /** Whether there is memory for {@link #keep()}; if not, the packet must be freed, and counts as lost by the relay. */
    boolean canKeep() {
        return pooled || pool.hasRoom();
    }

    /** The same packet in memory of its own, for the time after the ring's memory is reused. {@link #canKeep()} must have been asked. */
    Packet keep() {
        return pooled ? this : copy();
    }

    /** Another packet with the same content. {@link FramePool#hasRoom()} must have been asked. */
    Packet copy() {
        ByteBuffer memory = pool.take(frame.limit());
        memory.put(frame.duplicate().position(0)).flip();
        return made(pool, memory, sent);
    }

    /** Ends it. */
    void free() {
        if (pooled) {
            pool.giveBack(frame);
        }
    }

    FramePool pool() {
        return pool;
    }
}
