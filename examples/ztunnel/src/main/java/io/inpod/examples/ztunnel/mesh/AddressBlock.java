package io.inpod.examples.ztunnel.mesh;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * A block of IP addresses, such as {@code 10.0.0.0/8}.
 *
 * @param address the first address of the block
 * @param length the number of leading bits that all its addresses share: 0 to 32, or to 128
 */
public record AddressBlock(InetAddress address, int length) {
    /**
     * Clears the bits behind the length.
     *
     * @throws IllegalArgumentException if the length is out of range
     */
    public AddressBlock {
        byte[] bytes = address.getAddress();
        if (length < 0 || length > bytes.length * 8) {
            throw new IllegalArgumentException(
                    "the length must be from 0 to " + bytes.length * 8 + " for " + address.getHostAddress() + ", not " + length);
        }
        address = masked(bytes, length);
    }

    /**
     * Returns the block that has a single address.
     *
     * @param address the address
     * @return the block
     */
    public static AddressBlock of(InetAddress address) {
        return new AddressBlock(address, address.getAddress().length * 8);
    }

    /**
     * Returns whether an address is in the block.
     *
     * @param other the address
     * @return false also if it is of the other family
     */
    public boolean contains(InetAddress other) {
        byte[] mine = address.getAddress();
        byte[] bytes = other.getAddress();
        if (mine.length != bytes.length) {
            return false;
        }
        int whole = length / 8;
        int rest = length % 8;
        return Arrays.equals(mine, 0, whole, bytes, 0, whole)
                && (rest == 0 || ((mine[whole] ^ bytes[whole]) & 0xff & -(1 << 8 - rest)) == 0);
    }

    private static InetAddress masked(byte[] bytes, int length) {
        for (int bit = length; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("the length is that of an address", e);
        }
    }

    /** {@return the form of the configuration, such as {@code fd00::/8}; RFC 5952 for IPv6} */
    @Override
    public String toString() {
        return NetUtil.toAddressString(address) + "/" + length;
    }
}
