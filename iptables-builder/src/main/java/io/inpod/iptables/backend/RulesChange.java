package io.inpod.iptables.backend;

import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;

/** A rule set that one back end installs, verifies and removes. */
public final class RulesChange implements NamespaceChange {
    private final Backend backend;
    private final ManagedNames names;
    private final RuleSet rules;

    /**
     * Creates a change.
     *
     * @param backend the back end that applies the rules
     * @param names the managed names
     * @param rules the rules to apply
     * @throws IllegalArgumentException naming what the back end can't express, or a name that is not managed
     */
    public RulesChange(Backend backend, ManagedNames names, RuleSet rules) {
        backend.check(names, rules);
        this.backend = backend;
        this.names = names;
        this.rules = rules;
    }

    /**
     * Installs the rules as {@link Backend#apply} does. Touches nothing if they are installed already.
     *
     * @param namespace the namespace
     * @throws IOException if a tool or the kernel refuses
     */
    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        backend.apply(namespace, names, rules);
    }

    /**
     * Compares the rules in the namespace with those that should be there, by meaning, rule by rule and in order.
     *
     * @param namespace the namespace
     * @throws RulesDifferException saying what is missing, foreign or different
     * @throws IOException if a tool or the kernel refuses
     */
    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        List<String> differences = diff(namespace);
        if (!differences.isEmpty()) {
            throw new RulesDifferException(namespace.toString(), differences);
        }
    }

    /**
     * Returns the differences between the rules in the namespace and those that should be there.
     *
     * @param namespace the namespace
     * @return one text for each difference, see {@link Backend#diff}; empty if there is none
     * @throws IOException if a tool or the kernel refuses
     */
    public List<String> diff(NetworkNamespace namespace) throws IOException {
        return backend.diff(namespace, names, rules);
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        backend.remove(namespace, names);
    }

    @Override
    public String toString() {
        return "rules by " + backend.name();
    }
}
