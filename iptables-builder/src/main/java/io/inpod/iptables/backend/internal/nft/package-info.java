/**
 * What a namespace's nf_tables and ipset hold, read and changed over netlink, see linux/netfilter/nf_tables.h and
 * linux/netfilter/ipset/ip_set.h: tables, chains and sets here, rules in {@code rule}.
 */
@NullMarked
package io.inpod.iptables.backend.internal.nft;

import org.jspecify.annotations.NullMarked;
