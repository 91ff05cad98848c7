/** Rules as expressions: written in the layout of iptables-nft or in that of nft, and read whichever tool wrote them. */
@NullMarked
package io.inpod.iptables.backend.internal.nft.rule;

import org.jspecify.annotations.NullMarked;
