package io.inpod.iptables.backend;

/** Which tables of the kernel hold rules. Two back ends with the same ones see each other's rules; otherwise neither sees the other's. */
public enum KernelTables {
    /** Those of nf_tables for one family each, {@code ip} and {@code ip6}. */
    IP,
    /** Those of nf_tables for both families, {@code inet}. */
    INET,
    /** Those of x_tables, which only {@code iptables-legacy} sees. */
    LEGACY,
    /** None of the real kernel, see {@link FakeKernel}. */
    MEMORY
}
