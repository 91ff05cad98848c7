package io.inpod.iptables;

import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Quote;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * A block of addresses in CIDR notation, RFC 4632. Bits after the prefix are cleared, as in the kernel.
 *
 * @param address the first address of the block; an IPv6 zone is dropped
 * @param length the number of leading bits that are compared, 0 to 32 or 128
 */
public record IpPrefix(InetAddress address, int length) {
    private static final String BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final Pattern LITERAL = Pattern.compile(BYTE + "(\\." + BYTE + "){3}|(?=[^:]*:[^:]*:)[0-9a-fA-F:.]+");

    /**
     * Checks the length and clears the bits after the prefix.
     *
     * @param address the first address of the block
     * @param length the length of the prefix
     * @throws IllegalArgumentException if the length does not fit the family
     */
    public IpPrefix {
        int bits = IpFamily.of(address).bits();
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException("prefix length " + length + " of " + AddressText.of(address) + " is not 0 to " + bits);
        }
        byte[] bytes = address.getAddress();
        for (int bit = length; bit < bits; bit++) {
            bytes[bit >> 3] &= (byte) ~(0x80 >> (bit & 7));
        }
        address = fromBytes(bytes);
    }

    /**
     * Parses a block, or an address as the block that contains it alone. Never queries a name server.
     *
     * @param text such as {@code "10.0.0.0/8"}, {@code "10.1.2.3"} or {@code "fd00::/8"}
     * @return the block
     * @throws IllegalArgumentException if the text is anything else
     */
    public static IpPrefix parse(String text) {
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        if (!LITERAL.matcher(host).matches() || slash >= 0 && !text.substring(slash + 1).matches("0|[1-9][0-9]{0,2}")) {
            throw new IllegalArgumentException(Quote.of(text) + " is not an IP address or block such as 10.0.0.0/8");
        }
        try {
            InetAddress address = InetAddress.getByName(host);
            return slash < 0 ? of(address) : new IpPrefix(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(Quote.of(text) + " is not an IP address or block such as 10.0.0.0/8", e);
        }
    }

    /**
     * Returns the block that contains one address.
     *
     * @param address the address
     * @return the block
     */
    public static IpPrefix of(InetAddress address) {
        return new IpPrefix(address, IpFamily.of(address).bits());
    }

    /** {@return the family of the addresses} */
    public IpFamily family() {
        return IpFamily.of(address);
    }

    /**
     * Returns whether this block contains an address.
     *
     * @param other an address of any family
     * @return whether its leading bits are those of this block
     */
    public boolean contains(InetAddress other) {
        byte[] own = address.getAddress();
        byte[] bytes = other.getAddress();
        int whole = length / 8;
        if (own.length != bytes.length || Arrays.mismatch(own, 0, whole, bytes, 0, whole) >= 0) {
            return false;
        }
        int rest = length % 8;
        return rest == 0 || ((own[whole] ^ bytes[whole]) & 0xff00 >> rest & 0xff) == 0;
    }

    private static InetAddress fromBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong number of bytes
        }
    }

    @Override
    public String toString() {
        return AddressText.of(address) + "/" + length;
    }
}
