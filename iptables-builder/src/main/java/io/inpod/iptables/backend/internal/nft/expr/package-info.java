/** Expressions of nf_tables as values, their attributes on the wire, and the conditions and verdicts that every layout shares. */
@NullMarked
package io.inpod.iptables.backend.internal.nft.expr;

import org.jspecify.annotations.NullMarked;
