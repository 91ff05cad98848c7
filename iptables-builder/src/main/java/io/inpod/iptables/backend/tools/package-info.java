/** Which programs of iptables, ipset and nft the back ends run, and how a run of one failed. */
@NullMarked
package io.inpod.iptables.backend.tools;

import org.jspecify.annotations.NullMarked;
