package io.inpod.netlink;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * An Ethernet hardware address.
 *
 * @param value its 48 bits; the first byte is the most significant one
 */
public record MacAddress(long value) {
    private static final int BYTES = 6;
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

    /**
     * Checks the range.
     *
     * @param value see {@link MacAddress}
     * @throws IllegalArgumentException if it has more than 48 bits
     */
    public MacAddress {
        if (value >>> (BYTES * Byte.SIZE) != 0) {
            throw new IllegalArgumentException("a hardware address has 48 bits, unlike 0x" + Long.toHexString(value));
        }
    }

    /**
     * Parses the usual notation.
     *
     * @param text the notation, such as {@code "02:00:5e:00:53:01"}
     * @return the address
     * @throws IllegalArgumentException if it isn't six bytes in hexadecimal, separated by colons
     */
    public static MacAddress of(String text) {
        MacAddress parsed = of(COLONS.parseHex(text));
        if (parsed == null) {
            throw new IllegalArgumentException("a hardware address has 6 bytes, unlike " + text);
        }
        return parsed;
    }

    /** Null for an address of another length, as tunnels have. */
    static @Nullable MacAddress of(byte[] bytes) {
        return bytes.length == BYTES ? new MacAddress(ByteBuffer.allocate(Long.BYTES).put(2, bytes).getLong(0)) : null;
    }

    static @Nullable MacAddress of(@Nullable ByteBuffer attribute) {
        return attribute == null ? null : of(NetlinkMessage.bytes(attribute));
    }

    /** {@return its six bytes, a new array} */
    public byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        ByteBuffer.allocate(Long.BYTES).putLong(0, value).get(2, bytes);
        return bytes;
    }

    /** {@return the usual notation, such as {@code "02:00:5e:00:53:01"}} */
    @Override
    public String toString() {
        return COLONS.formatHex(bytes());
    }
}
