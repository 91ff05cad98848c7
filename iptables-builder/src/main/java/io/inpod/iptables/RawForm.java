package io.inpod.iptables;

/** The forms of rules that only one kind of back end reads, see {@link Target.Raw}. */
public enum RawForm {
    /**
     * Words for iptables-restore(8), without {@code -A CHAIN}; for {@code iptables-nft} and {@code iptables-legacy}. Give them as
     * iptables-save(8) lists the rule.
     */
    IPTABLES,
    /**
     * Statements for nft(8), without {@code add rule TABLE CHAIN}; for the back end {@code nft}. Give them as {@code nft -n -s list} prints
     * the rule: numbers instead of names, and counters without their values.
     */
    NFT,
    /**
     * Expressions for the kernel, for {@code netlink} and {@code netlink-inet}: the bytes in the attribute NFTA_RULE_EXPRESSIONS
     * (linux/netfilter/nf_tables.h) in lower-case hexadecimal, in this machine's byte order. Give them as the kernel lists the rule, with
     * counters at zero: {@link Listing.ListedRule#raw} has them.
     */
    NETLINK
}
