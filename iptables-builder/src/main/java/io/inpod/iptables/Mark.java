package io.inpod.iptables;

/**
 * The mark of a packet or connection under a mask; both have 32 bits and are unsigned.
 *
 * @param value the bits that are compared or set
 * @param mask the bits that the value applies to; never 0
 */
public record Mark(int value, int mask) {
    /**
     * Checks the value against the mask.
     *
     * @param value the bits
     * @param mask the mask
     * @throws IllegalArgumentException if the value has bits outside the mask, so that it would never match, or the mask is 0
     */
    public Mark {
        if (mask == 0) {
            throw new IllegalArgumentException("mark with the mask 0: no bit would count");
        }
        if ((value & ~mask) != 0) {
            throw new IllegalArgumentException("mark " + hex(value) + " has bits outside its mask " + hex(mask));
        }
    }

    /**
     * Returns a mark with all 32 bits.
     *
     * @param value the mark
     * @return the mark with the mask 0xffffffff
     */
    public static Mark exactly(int value) {
        return new Mark(value, -1);
    }

    /**
     * Returns bits as the tools print them.
     *
     * @param bits the bits
     * @return such as {@code 0xfff}
     */
    public static String hex(int bits) {
        return "0x" + Integer.toHexString(bits);
    }

    @Override
    public String toString() {
        return hex(value) + "/" + hex(mask);
    }
}
