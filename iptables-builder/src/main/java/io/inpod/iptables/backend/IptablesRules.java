package io.inpod.iptables.backend;

import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/**
 * A rule set that is applied with the iptables tools: {@link RulesChange} with {@link IptablesBackend}, which manages the names that the
 * rule set uses.
 *
 * <p>Needs {@code netns-sockets}, the tools, and CAP_SYS_ADMIN and CAP_NET_ADMIN over the namespace. Each call runs some processes and
 * blocks until they have ended, each for at most {@link IptablesTools#timeout()}.
 */
public final class IptablesRules implements NamespaceChange {
    private final RuleSet rules;
    private final RulesChange change;

    /**
     * Creates a change that uses the system's tools.
     *
     * @param rules the rules to apply; built-in chains may hold only jumps to its own chains
     * @throws IllegalArgumentException naming the rule, if it can't be removed later or expressed in text
     */
    public IptablesRules(RuleSet rules) {
        this(rules, IptablesTools.system());
    }

    /**
     * Creates a change.
     *
     * @param rules the rules to apply; built-in chains may hold only jumps to its own chains
     * @param tools the tools to use
     * @throws IllegalArgumentException naming the rule, if it can't be removed later or expressed in text
     */
    public IptablesRules(RuleSet rules, IptablesTools tools) {
        this.rules = rules;
        this.change = new RulesChange(new IptablesBackend(tools, rules.families()), ManagedNames.of(rules, "inpod-"), rules);
    }

    /** {@return the rules that are applied} */
    public RuleSet rules() {
        return rules;
    }

    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        change.install(namespace);
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        change.verify(namespace);
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        change.remove(namespace);
    }

    @Override
    public String toString() {
        return change.toString();
    }
}
