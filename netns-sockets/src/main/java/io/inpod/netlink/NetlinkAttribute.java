package io.inpod.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An attribute of a message from the kernel, for lists that may contain several attributes of one type. Elsewhere
 * {@link NetlinkMessage#attributes(int)} is simpler.
 *
 * @param type its type, without the flags for nested and network byte order
 * @param value its value, read-only; absolute reads of numbers are in this machine's byte order
 */
public record NetlinkAttribute(int type, ByteBuffer value) {
    /**
     * Reads attributes, up to the first malformed one.
     *
     * @param from the buffer, with attributes from an index to its limit
     * @param start that index, a multiple of four
     * @return the attributes, in order
     */
    public static List<NetlinkAttribute> list(ByteBuffer from, int start) {
        List<NetlinkAttribute> found = new ArrayList<>();
        Wire.forEachAttribute(from, start, (type, value) -> found.add(new NetlinkAttribute(type, value)));
        return found;
    }

    /** {@return the attributes nested in this one; none if it holds something else} */
    public List<NetlinkAttribute> nested() {
        return list(value, 0);
    }

    /** {@return the value as text, without the zero byte at its end} */
    public String text() {
        byte[] bytes = bytes();
        int end = bytes.length > 0 && bytes[bytes.length - 1] == 0 ? bytes.length - 1 : bytes.length;
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** {@return the value as bytes} */
    public byte[] bytes() {
        return NetlinkMessage.bytes(value);
    }

    /**
     * Returns the value as a number of 1, 2, 4 or 8 bytes in network byte order, which netfilter uses.
     *
     * @return the number, unsigned up to 32 bits; 0 if the value has another length
     */
    public long number() {
        ByteBuffer network = value.duplicate().order(ByteOrder.BIG_ENDIAN);
        return switch (value.limit()) {
            case 1 -> network.get(0) & 0xff;
            case 2 -> network.getShort(0) & 0xffff;
            case 4 -> network.getInt(0) & 0xffffffffL;
            case 8 -> network.getLong(0);
            default -> 0;
        };
    }
}
