/** Matches and targets of x_tables, which nf_tables runs for iptables-nft: their structs, written and read. */
@NullMarked
package io.inpod.iptables.backend.internal.nft.xtables;

import org.jspecify.annotations.NullMarked;
