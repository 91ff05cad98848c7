package io.inpod.iptables.backend;

/** Where a back end keeps rules. */
public enum Layout {
    /** In the tables of iptables, shared with other programs, one per family: {@code iptables-save} shows the rules. */
    IPTABLES,
    /** In its own {@code inet} tables, for both families at once: {@code nft list ruleset} shows the rules. */
    INET
}
