/**
 * Connection tracking: the flows that netfilter knows in a namespace, listed, deleted and watched, see
 * linux/netfilter/nfnetlink_conntrack.h and conntrack(8).
 */
@NullMarked
package io.inpod.netlink.conntrack;

import org.jspecify.annotations.NullMarked;
