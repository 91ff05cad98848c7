/**
 * Queueing disciplines: limits, delays and losses of what an interface sends, see tc(8). {@link io.inpod.netlink.qdisc.Netem} degrades a
 * link, {@link io.inpod.netlink.qdisc.Tbf} limits its rate.
 */
@NullMarked
package io.inpod.netlink.qdisc;

import org.jspecify.annotations.NullMarked;
