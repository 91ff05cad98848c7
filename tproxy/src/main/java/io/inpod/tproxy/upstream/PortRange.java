package io.inpod.tproxy.upstream;

/**
 * A range of TCP ports.
 *
 * @param first the lowest, 1 to 65535
 * @param last the highest, {@code first} to 65535
 */
public record PortRange(int first, int last) {
    /** 16000 to 31999, below Linux's usual {@code net.ipv4.ip_local_port_range}. */
    public static final PortRange DEFAULT = new PortRange(16000, 31999);

    /**
     * Checks the ranges.
     *
     * @param first see {@link PortRange}
     * @param last see {@link PortRange}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public PortRange {
        if (first < 1 || last < first || last > 65535) {
            throw new IllegalArgumentException("ports must be 1 <= first <= last <= 65535, not " + first + "-" + last);
        }
    }

    int size() {
        return last - first + 1;
    }

    /** {@return both ports, such as 16000-31999} */
    @Override
    public String toString() {
        return first + "-" + last;
    }
}
