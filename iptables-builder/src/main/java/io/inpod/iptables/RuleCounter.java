package io.inpod.iptables;

/**
 * How many packets have met all conditions of a rule since it was loaded.
 *
 * @param families the families whose packets it counts: both for a rule of a table of both families, which is listed once for each
 * @param packets the number of packets
 * @param bytes the number of their bytes, from the IP header on
 */
public record RuleCounter(FamilyScope families, long packets, long bytes) {
    /**
     * Checks the numbers.
     *
     * @param families see {@link #families()}
     * @param packets the number of packets
     * @param bytes the number of their bytes
     * @throws IllegalArgumentException if a number is negative
     */
    public RuleCounter {
        if (packets < 0 || bytes < 0) {
            throw new IllegalArgumentException("a rule can't have counted " + packets + " packets of " + bytes + " bytes");
        }
    }

    /**
     * Creates a counter from the numbers of the kernel, which are unsigned.
     *
     * @param families see {@link #families()}
     * @param packets the number of packets, as unsigned
     * @param bytes the number of their bytes, as unsigned
     * @return the counter; a number beyond 2⁶³-1, which another program has set, is that number
     */
    public static RuleCounter ofUnsigned(FamilyScope families, long packets, long bytes) {
        return new RuleCounter(families, packets < 0 ? Long.MAX_VALUE : packets, bytes < 0 ? Long.MAX_VALUE : bytes);
    }
}
