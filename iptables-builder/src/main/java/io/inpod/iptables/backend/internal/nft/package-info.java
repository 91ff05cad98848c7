/**
 * Reads and changes the nf_tables and ipset of a namespace over netlink, see linux/netfilter/nf_tables.h and
 * linux/netfilter/ipset/ip_set.h. Tables, chains and sets are handled here, rules in {@code rule}.
 */
@NullMarked
package io.inpod.iptables.backend.internal.nft;

import org.jspecify.annotations.NullMarked;
