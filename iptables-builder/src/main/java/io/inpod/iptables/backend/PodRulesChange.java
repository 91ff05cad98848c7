package io.inpod.iptables.backend;

import io.inpod.iptables.FamilyRejection;
import io.inpod.iptables.InPodRedirection;
import io.inpod.iptables.IpFamily;
import io.inpod.iptables.PodGuard;
import io.inpod.iptables.PodRules;
import io.inpod.iptables.RuleSet;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * {@link PodRules} as a change of a pod's namespace, both families or none. What an older version left, with other options or another
 * family, is replaced: what is new comes before what is old goes, so that nothing passes in between.
 *
 * <p>Refuses the namespace of this process and that of process 1, where redirection would cut off the node. Needs {@code
 * netns-sockets}, and what {@link IptablesRules} needs. Blocks.
 */
public final class PodRulesChange implements NamespaceChange {
    private static final Path KERNEL_IPV6 = Path.of("/proc/sys/net/ipv6");

    private final PodRules rules;
    private final List<IptablesRules> wanted = new ArrayList<>();
    private final List<IptablesRules> retired = new ArrayList<>();

    /**
     * Prepares rules to be applied with the system's tools.
     *
     * @param rules what to apply
     * @throws IllegalArgumentException naming the rule that can't be expressed
     */
    public PodRulesChange(PodRules rules) {
        this(rules, IptablesTools.system());
    }

    /**
     * Prepares rules to be applied.
     *
     * @param rules what to apply
     * @param tools the tools to use
     * @throws IllegalArgumentException naming the rule that can't be expressed
     */
    public PodRulesChange(PodRules rules, IptablesTools tools) {
        this.rules = rules;
        for (IpFamily family : IpFamily.values()) {
            if (family == IpFamily.V6 && !Files.exists(KERNEL_IPV6)) {
                continue; // a kernel without IPv6 has nothing to redirect, and no tables for it
            }
            boolean redirected = rules.redirection(family).isPresent();
            wanted.add(new IptablesRules(rules.ruleSet(family), tools));
            RuleSet other = redirected ? new FamilyRejection(family).ruleSet() : PodRules.of(InPodRedirection.of(family)).ruleSet(family);
            retired.add(new IptablesRules(other, tools));
            if (redirected && !rules.guard()) {
                retired.add(new IptablesRules(new PodGuard(Optional.empty()).ruleSet(family), tools));
            }
        }
    }

    /** {@return what is applied} */
    public PodRules rules() {
        return rules;
    }

    /**
     * Installs the rules of both families, or none.
     *
     * @param namespace a pod's
     * @throws IOException if it isn't a pod's, a tool is missing or hangs, or the kernel refuses
     */
    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        PodNamespaces.check(namespace);
        if (rules.markOwner().isPresent()) {
            Cgroups.check(rules.markOwner().get());
        }
        List<IptablesRules> done = new ArrayList<>();
        try {
            for (IptablesRules family : wanted) {
                done.add(family);
                family.install(namespace);
            }
        } catch (IOException | RuntimeException e) {
            Collections.reverse(done);
            for (IptablesRules family : done.subList(1, done.size())) {
                try {
                    family.remove(namespace);
                } catch (IOException left) {
                    e.addSuppressed(left);
                }
            }
            throw e;
        }
        for (IptablesRules old : retired) {
            old.remove(namespace);
        }
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        for (IptablesRules family : wanted) {
            family.verify(namespace);
        }
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        PodNamespaces.check(namespace);
        for (List<IptablesRules> part : List.of(wanted, retired)) {
            for (IptablesRules family : part) {
                family.remove(namespace);
            }
        }
    }

    @Override
    public String toString() {
        return "rules of a pod";
    }
}
