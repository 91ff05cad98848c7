package io.inpod.iptables.backend;

/** The tables of the kernel that hold rules. Two back ends for the same tables see each other's rules; otherwise neither does. */
public enum KernelTables {
    /** The tables of nf_tables for one family each, {@code ip} and {@code ip6}. */
    IP,
    /** The tables of nf_tables for both families, {@code inet}. */
    INET,
    /** The tables of x_tables, which only {@code iptables-legacy} sees. */
    LEGACY,
    /** No tables of a real kernel, see {@link FakeKernel}. */
    MEMORY
}
