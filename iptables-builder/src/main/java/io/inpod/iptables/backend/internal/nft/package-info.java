/** Rules as nf_tables expressions, and those as netlink messages; see linux/netfilter/nf_tables.h. */
@org.jspecify.annotations.NullMarked
package io.inpod.iptables.backend.internal.nft;
