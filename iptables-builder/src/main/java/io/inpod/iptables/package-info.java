/**
 * Netfilter rules as typed values: built and checked here, rendered and parsed in {@link io.inpod.iptables.text}, applied to a network
 * namespace, verified there and removed by {@code io.inpod.iptables.backend}.
 *
 * <p>A {@link io.inpod.iptables.RuleSet} is valid by construction and has a canonical form, so that rule sets with the same meaning are
 * equal. A new kind of match or target does not compile until every codec handles it, see {@link io.inpod.iptables.MatchVisitor}.
 *
 * <p>The package is this large because a sealed type and its kinds must share a package, and each kind of match has a file of its own.
 *
 * <p>The rules that a pod needs for transparent redirection are provided by {@link io.inpod.iptables.pod.InPodRedirection}. The meaning of
 * a match or target is described in iptables(8) and iptables-extensions(8).
 *
 * <p>This package uses the JDK and {@link io.inpod.netns.IpFamily}, and nothing else. All values are immutable and may be used from any
 * thread.
 */
@NullMarked
package io.inpod.iptables;

import org.jspecify.annotations.NullMarked;
