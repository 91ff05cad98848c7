package io.inpod.examples.ztunnel.mesh;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * The addresses by which pods reach a service that has no virtual address: the DNS proxy answers with them, and outbound connections to
 * them are known to be for that service. They follow from the service's name alone, so they stay the same over reloads and restarts, and
 * on all nodes. They are from 241.0.0.0/8 to 247.0.0.0/8, which nobody may use (RFC 1112 section 4), and from 2001:2::/48, which is for
 * benchmarks (RFC 5180 section 8); Istio takes its automatic addresses from blocks of the same kind.
 */
public final class AutoAddress {
    private static final int FIRST = 241;
    private static final int BLOCKS = 7;
    private static final byte[] IPV6 = {0x20, 0x01, 0, 2, 0, 0};

    private AutoAddress() {}

    /**
     * Returns the addresses of a service.
     *
     * @param service the service's name
     * @return one address of IPv4 and one of IPv6
     */
    public static List<InetAddress> of(ServiceName service) {
        byte[] hash = hash(service.toString());
        byte[] v4 = {(byte) (FIRST + Math.floorMod(hash[0], BLOCKS)), hash[1], hash[2], hash[3]};
        byte[] v6 = new byte[16];
        System.arraycopy(IPV6, 0, v6, 0, IPV6.length);
        System.arraycopy(hash, 4, v6, IPV6.length, v6.length - IPV6.length);
        try {
            return List.of(InetAddress.getByAddress(v4), InetAddress.getByAddress(v6));
        } catch (UnknownHostException e) {
            throw new AssertionError("the lengths are those of addresses", e);
        }
    }

    /**
     * Returns whether an address is of these blocks.
     *
     * @param address the address
     * @return whether only an automatic address can be equal
     */
    public static boolean mayBe(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            int first = bytes[0] & 0xff;
            return first >= FIRST && first < FIRST + BLOCKS;
        }
        for (int i = 0; i < IPV6.length; i++) {
            if (bytes[i] != IPV6[i]) {
                return false;
            }
        }
        return true;
    }

    private static byte[] hash(String name) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
