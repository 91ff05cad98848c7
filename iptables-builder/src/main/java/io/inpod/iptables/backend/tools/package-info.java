/** The programs of iptables, ipset and nft that the back ends run, and the exception for a failed run. */
@NullMarked
package io.inpod.iptables.backend.tools;

import org.jspecify.annotations.NullMarked;
