/** Tests of encoding rules as expressions, and of decoding them. */
@NullMarked
package io.inpod.iptables.backend.internal.nft.rule;

import org.jspecify.annotations.NullMarked;
