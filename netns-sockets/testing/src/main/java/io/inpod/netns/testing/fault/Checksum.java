package io.inpod.netns.testing.fault;

import java.nio.ByteBuffer;

/** The Internet checksum of RFC 1071, over buffers in network byte order. */
final class Checksum {
    private Checksum() {}

    /** The sum of the 16-bit words from one index to another, the last one padded with zero; not complemented. */
    static long sum(ByteBuffer bytes, int from, int to) {
        long sum = 0;
        int at = from;
        for (; at + 1 < to; at += 2) {
            sum += bytes.getShort(at) & 0xffff;
        }
        return at < to ? sum + ((bytes.get(at) & 0xff) << 8) : sum;
    }

    /** The checksum for a sum of words: folded and complemented. */
    static short of(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (short) ~folded;
    }

    /** The same for TCP and UDP: UDP means "none" by 0, so that it is sent as its other representation. */
    static short neverZero(long sum) {
        short checksum = of(sum);
        return checksum == 0 ? (short) 0xffff : checksum;
    }
}
