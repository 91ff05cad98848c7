/**
 * Netfilter rules as typed values: built and checked here, rendered and parsed in {@link io.inpod.iptables.text}, applied to a network
 * namespace, verified there and removed by {@code io.inpod.iptables.backend}.
 *
 * <p>A {@link io.inpod.iptables.RuleSet} is valid by construction and kept in a canonical form, so that equal meaning is equal value.
 * The rules that a pod needs for transparent redirection come ready made from {@link io.inpod.iptables.pod.InPodRedirection}. What a match
 * or target means is described in iptables(8) and iptables-extensions(8).
 *
 * <p>This package needs nothing but the JDK. All values are immutable and may be used from any thread.
 */
@NullMarked
package io.inpod.iptables;

import org.jspecify.annotations.NullMarked;
