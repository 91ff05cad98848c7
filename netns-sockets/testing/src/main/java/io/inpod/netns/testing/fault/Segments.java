package io.inpod.netns.testing.fault;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Packets that are made of another one, mostly of TCP, see RFC 9293. The pool must have room for each. */
final class Segments {
    private static final int HEADER_BYTES = 20;
    private static final int BARE_BYTES = Packet.IP + Packet.IPV6_BYTES + HEADER_BYTES;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_LENGTH = 4;
    private static final int UDP_CHECKSUM = 6;
    private static final int CWR = 0x80;

    private Segments() {}

    /** The reset that the sender of a segment accepts, as if its peer knew nothing of the connection: section 3.10.7.1. */
    static Packet resetForSender(Packet segment) {
        if (segment.has(Packet.ACK)) {
            return bare(segment, true, segment.acknowledged(), 0, Packet.RST);
        }
        int length = segment.dataBytes() + (segment.has(Packet.SYN) ? 1 : 0) + (segment.has(Packet.FIN) ? 1 : 0);
        return bare(segment, true, 0, segment.sequence() + length, Packet.RST | Packet.ACK);
    }

    /** The reset that the receiver of a segment accepts instead of it; null if it has no connection yet. */
    static @Nullable Packet resetForReceiver(Packet segment) {
        return resetForReceiver(segment, segment.sequence());
    }

    /** The reset that the receiver of a segment accepts if this is the next byte that it expects. */
    static @Nullable Packet resetForReceiver(Packet segment, int expected) {
        return segment.has(Packet.ACK) ? bare(segment, false, expected, segment.acknowledged(), Packet.RST | Packet.ACK) : null;
    }

    /** A segment without data and options, from the same sender or back to it. */
    private static Packet bare(Packet segment, boolean back, int sequence, int acknowledged, int flags) {
        ByteBuffer old = segment.frame();
        ByteBuffer made = segment.pool().take(BARE_BYTES);
        made.putLong(0).putShort((short) 0);
        copy(old, back ? Packet.ETHERNET + 6 : Packet.ETHERNET, 6, made);
        copy(old, back ? Packet.ETHERNET : Packet.ETHERNET + 6, 6, made);
        made.putShort(old.getShort(Packet.IP - 2));
        if (segment.isV4()) {
            made.putInt(0x45000000).putInt(0x00004000).putInt(64 << 24 | Packet.TCP << 16);
        } else {
            made.putInt(0x60000000).putInt(Packet.TCP << 8 | 64);
        }
        copy(old, back ? segment.destination() : segment.source(), segment.addressBytes(), made);
        copy(old, back ? segment.source() : segment.destination(), segment.addressBytes(), made);
        int transport = made.position();
        made.putShort((short) (back ? segment.destinationPort() : segment.sourcePort()));
        made.putShort((short) (back ? segment.sourcePort() : segment.destinationPort()));
        made.putInt(sequence).putInt(acknowledged).putShort((short) (HEADER_BYTES / 4 << 12 | flags)).putShort((short) 0).putInt(0).flip();
        return finished(segment, made, transport, back != segment.sent());
    }

    /** The same packet of TCP or UDP with only a part of its data; the flags of its end are in the last part. */
    static Packet part(Packet packet, int from, int to) {
        ByteBuffer old = packet.frame();
        ByteBuffer made = packet.pool().take(packet.data() + to - from);
        copy(old, 0, packet.data(), made);
        copy(old, packet.data() + from, to - from, made);
        made.flip().putLong(0, 0).putShort(8, (short) 0);
        if (packet.isTcp()) {
            made.putInt(packet.transport() + 4, packet.sequence() + from);
            int flags = packet.transport() + 13;
            int cleared = (from > 0 ? CWR : 0) | (to < packet.dataBytes() ? Packet.FIN | Packet.PSH : 0);
            made.put(flags, (byte) (made.get(flags) & ~cleared));
        }
        return finished(packet, made, packet.transport(), packet.sent());
    }

    /** Sets the lengths and checksums. */
    private static Packet finished(Packet segment, ByteBuffer made, int transport, boolean sent) {
        int end = made.limit();
        if (segment.isV4()) {
            made.putShort(Packet.IP + 2, (short) (end - Packet.IP)).putShort(Packet.IP + 10, (short) 0);
            made.putShort(Packet.IP + 10, Checksum.of(Checksum.sum(made, Packet.IP, transport)));
        } else {
            made.putShort(Packet.IP + 4, (short) (end - Packet.IP - Packet.IPV6_BYTES));
        }
        int field = transport + (segment.isTcp() ? TCP_CHECKSUM : UDP_CHECKSUM);
        if (!segment.isTcp()) {
            made.putShort(transport + UDP_LENGTH, (short) (end - transport));
        }
        made.putShort(field, (short) 0);
        long addresses = Checksum.sum(made, segment.source(), segment.source() + 2 * segment.addressBytes());
        long sum = addresses + (segment.isTcp() ? Packet.TCP : Packet.UDP) + end - transport + Checksum.sum(made, transport, end);
        made.putShort(field, Checksum.neverZero(sum));
        return Packet.made(segment.pool(), made, sent);
    }

    private static void copy(ByteBuffer from, int at, int bytes, ByteBuffer to) {
        to.put(from.slice(at, bytes));
    }
}
