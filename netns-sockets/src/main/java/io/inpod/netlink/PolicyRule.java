package io.inpod.netlink;

/**
 * A routing rule that looks marked packets up in a table of their own, see ip-rule(8).
 *
 * @param family of the packets
 * @param priority its place among the rules, 1 to 32765; lower ones come first
 * @param mark the packet mark it applies to
 * @param mask which bits of the mark count
 * @param table number of the routing table, 1 to 2³²-1
 */
public record PolicyRule(IpFamily family, int priority, int mark, int mask, int table) {
    /**
     * Checks the values.
     *
     * @param family of the packets
     * @param priority its place among the rules, 1 to 32765; lower ones come first
     * @param mark the packet mark it applies to
     * @param mask which bits of the mark count
     * @param table number of the routing table, 1 to 2³²-1
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public PolicyRule {
        if (priority < 0) {
            throw new IllegalArgumentException("priority " + priority + " is negative");
        }
        if (table == 0) {
            throw new IllegalArgumentException("table 0 doesn't exist");
        }
        if ((mark & ~mask) != 0) {
            throw new IllegalArgumentException("mark 0x" + Integer.toHexString(mark) + " has bits outside of mask 0x" + Integer.toHexString(mask));
        }
    }

    /** {@return the form that {@code ip rule} prints} */
    @Override
    public String toString() {
        return priority + ": from all fwmark 0x" + Integer.toHexString(mark) + "/0x" + Integer.toHexString(mask) + " lookup " + Integer.toUnsignedString(table)
                + (family == IpFamily.V6 ? " (IPv6)" : "");
    }
}
