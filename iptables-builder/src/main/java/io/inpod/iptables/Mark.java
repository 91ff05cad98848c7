package io.inpod.iptables;

/**
 * A packet's or connection's mark under a mask: 32 bits each, to be read as unsigned.
 *
 * @param value the bits looked for or set
 * @param mask which bits count; the value has no others
 */
public record Mark(int value, int mask) {
    /**
     * Checks the value against the mask.
     *
     * @param value the bits looked for or set
     * @param mask which bits count; the value has no others
     * @throws IllegalArgumentException if the value has bits that the mask hasn't, so that it would never match, or the mask is 0
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
     * A mark of which all 32 bits count.
     *
     * @param value the mark
     * @return it with the mask 0xffffffff
     */
    public static Mark exactly(int value) {
        return new Mark(value, -1);
    }

    /**
     * Bits as the tools print them.
     *
     * @param bits any
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
