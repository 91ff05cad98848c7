package io.inpod.iptables;

import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Quote;
import io.inpod.netns.IpFamily;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Addresses from a first one to a last one.
 *
 * @param first the first address; an IPv6 zone is dropped
 * @param last the last address, of the same family and not below the first; an IPv6 zone is dropped
 */
public record AddressRange(InetAddress first, InetAddress last) {
    /**
     * Checks family and order.
     *
     * @param first the first address
     * @param last the last address
     * @throws IllegalArgumentException if the families differ, or the range ends before it begins
     */
    public AddressRange {
        first = IpPrefix.of(first).address();
        last = IpPrefix.of(last).address();
        if (IpFamily.of(first) != IpFamily.of(last)) {
            throw new IllegalArgumentException("the address range " + text(first, last) + " mixes IPv4 and IPv6");
        }
        if (Arrays.compareUnsigned(first.getAddress(), last.getAddress()) > 0) {
            throw new IllegalArgumentException("the address range " + text(first, last) + " ends before it begins");
        }
    }

    /**
     * Parses a range. Never queries a name server.
     *
     * @param text such as {@code "10.0.0.1-10.0.0.9"} or {@code "fd00::1-fd00::ff"}
     * @return the range
     * @throws IllegalArgumentException if the text is anything else
     */
    public static AddressRange parse(String text) {
        String[] ends = text.split("-", -1);
        if (ends.length != 2 || text.indexOf('/') >= 0) {
            throw new IllegalArgumentException(Quote.of(text) + " is not an address range such as 10.0.0.1-10.0.0.9");
        }
        return new AddressRange(IpPrefix.parse(ends[0]).address(), IpPrefix.parse(ends[1]).address());
    }

    /**
     * Returns the addresses of a block.
     *
     * @param prefix the block
     * @return its first address to its last
     */
    public static AddressRange of(IpPrefix prefix) {
        BigInteger last = number(prefix.address()).add(BigInteger.ONE.shiftLeft(prefix.family().bits() - prefix.length()));
        return new AddressRange(prefix.address(), address(last.subtract(BigInteger.ONE), prefix.family()));
    }

    /** {@return the family of the addresses} */
    public IpFamily family() {
        return IpFamily.of(first);
    }

    /**
     * Returns the blocks that together contain exactly these addresses, as few as possible.
     *
     * @return in ascending order, at most 62 for IPv4 and 254 for IPv6
     */
    public List<IpPrefix> prefixes() {
        int bits = family().bits();
        BigInteger at = number(first);
        BigInteger end = number(last).add(BigInteger.ONE);
        List<IpPrefix> prefixes = new ArrayList<>();
        while (at.compareTo(end) < 0) {
            int aligned = at.signum() == 0 ? bits : at.getLowestSetBit();
            int size = Math.min(aligned, end.subtract(at).bitLength() - 1);
            prefixes.add(new IpPrefix(address(at, family()), bits - size));
            at = at.add(BigInteger.ONE.shiftLeft(size));
        }
        return List.copyOf(prefixes);
    }

    /** {@return the range as the tools write it: one address, or two with a hyphen between them} */
    public String text() {
        return first.equals(last) ? AddressText.of(first) : toString();
    }

    private static BigInteger number(InetAddress address) {
        return new BigInteger(1, address.getAddress());
    }

    private static InetAddress address(BigInteger number, IpFamily family) {
        byte[] bytes = new byte[family.bits() / 8];
        byte[] given = number.toByteArray();
        int length = Math.min(given.length, bytes.length); // a byte more if the first bit is on
        System.arraycopy(given, given.length - length, bytes, bytes.length - length, length);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong number of bytes
        }
    }

    private static String text(InetAddress first, InetAddress last) {
        return AddressText.of(first) + "-" + AddressText.of(last);
    }

    @Override
    public String toString() {
        return text(first, last);
    }
}
