/** Tests of how rules become expressions and are read back. */
@NullMarked
package io.inpod.iptables.backend.internal.nft.rule;

import org.jspecify.annotations.NullMarked;
