package io.inpod.netns.testing;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * A network of both families: 10.HIGH.LOW.0/24 and fd10:HIGH:0:LOW::/64. The digits of both are the same: 10.77.0.12 and fd10:77::12.
 *
 * @param high 77 between a node and its pods, 78 between a node and the router
 * @param low the node's index, 0 to 99
 */
record Subnet(int high, int low) {
    /** A node's address among its pods, and the router's on the link to a node. */
    static final int GATEWAY = 1;
    /** The first address behind that. */
    static final int FIRST = 2;

    private static final int PODS = 77;
    private static final int UPLINKS = 78;
    private static final int UNIQUE_LOCAL = 0xfd10;
    private static final int IPV6_BYTES = 16;
    private static final int HEXADECIMAL = 16;

    static Subnet ofPods(int node) {
        return new Subnet(PODS, node);
    }

    static Subnet ofUplink(int node) {
        return new Subnet(UPLINKS, node);
    }

    static int prefixLength(IpFamily family) {
        return family == IpFamily.V4 ? 24 : 64;
    }

    InetAddress address(IpFamily family, int host) {
        ByteBuffer bytes = family == IpFamily.V4
                ? ByteBuffer.wrap(new byte[] {10, (byte) high, (byte) low, (byte) host})
                : ByteBuffer.allocate(IPV6_BYTES).putShort(0, (short) UNIQUE_LOCAL).putShort(2, sameDigits(high))
                        .putShort(6, sameDigits(low))
                        .putShort(14, sameDigits(host));
        try {
            return InetAddress.getByAddress(bytes.array());
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // thrown only for a wrong length
        }
    }

    private static short sameDigits(int decimal) {
        return (short) Integer.parseInt(Integer.toString(decimal), HEXADECIMAL);
    }
}
