/**
 * Netfilter rules as typed values: built, checked, rendered, applied to a network namespace, verified there and removed.
 *
 * <p>A {@link io.inpod.iptables.RuleSet} is valid by construction; {@link io.inpod.iptables.IptablesRestore} turns it into text
 * for iptables-restore(8), and {@link io.inpod.iptables.IptablesRules} applies it. The rules that a pod needs for transparent
 * redirection come ready made from {@link io.inpod.iptables.InPodRedirection}. What a match or target means is described in
 * iptables(8) and iptables-extensions(8).
 *
 * <p>All but {@link io.inpod.iptables.IptablesRules} needs nothing except the JDK. All values are immutable and may be used from
 * any thread.
 */
@NullMarked
package io.inpod.iptables;

import org.jspecify.annotations.NullMarked;
