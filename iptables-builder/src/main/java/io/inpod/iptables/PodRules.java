package io.inpod.iptables;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Everything that a pod in the mesh gets, for both families: the redirection of each family that is redirected, a guard under it, and
 * a rejection of the TCP of each family that isn't.
 *
 * @param redirections one for each family that is redirected, at least one
 * @param guard whether {@link PodGuard} belongs to each of them
 */
public record PodRules(List<InPodRedirection> redirections, boolean guard) {
    /**
     * Checks the families.
     *
     * @param redirections one for each family that is redirected, at least one
     * @param guard whether {@link PodGuard} belongs to each of them
     * @throws IllegalArgumentException if there is none, or a family is there twice
     */
    public PodRules {
        redirections = List.copyOf(redirections);
        Set<IpFamily> families = EnumSet.noneOf(IpFamily.class);
        for (InPodRedirection redirection : redirections) {
            if (!families.add(redirection.family())) {
                throw new IllegalArgumentException("two redirections for " + redirection.family());
            }
        }
        if (families.isEmpty()) {
            throw new IllegalArgumentException("no redirection: at least one family needs one");
        }
    }

    /**
     * The usual: redirections with the guard.
     *
     * @param redirections one for each family that is redirected, at least one
     * @return the rules
     * @throws IllegalArgumentException if there is none, or a family is there twice
     */
    public static PodRules of(InPodRedirection... redirections) {
        return new PodRules(List.of(redirections), true);
    }

    /**
     * Switches the guard.
     *
     * @param value whether it belongs to the rules
     * @return a copy with that setting
     */
    public PodRules withGuard(boolean value) {
        return new PodRules(redirections, value);
    }

    /**
     * The rules of one family.
     *
     * @param family which
     * @return its redirection and guard, or its rejection
     */
    public RuleSet ruleSet(IpFamily family) {
        for (InPodRedirection redirection : redirections) {
            if (redirection.family() == family) {
                return guard ? merge(redirection.ruleSet(), new PodGuard(family).ruleSet()) : redirection.ruleSet();
            }
        }
        return new FamilyRejection(family).ruleSet();
    }

    /** {@return the rules of both families, IPv4 first} */
    public List<RuleSet> ruleSets() {
        return List.of(ruleSet(IpFamily.V4), ruleSet(IpFamily.V6));
    }

    private static RuleSet merge(RuleSet first, RuleSet second) {
        Map<TableName, Map<String, Chain>> tables = new LinkedHashMap<>();
        for (RuleSet rules : List.of(first, second)) {
            for (Table table : rules.tables()) {
                Map<String, Chain> chains = tables.computeIfAbsent(table.name(), name -> new LinkedHashMap<>());
                table.chains().forEach(chain -> chains.merge(chain.name(), chain, PodRules::append));
            }
        }
        return new RuleSet(first.families(), tables.entrySet().stream()
                .map(table -> new Table(table.getKey(), List.copyOf(table.getValue().values()))).toList(), List.of());
    }

    private static Chain append(Chain first, Chain second) {
        List<Rule> rules = new ArrayList<>(first.rules());
        rules.addAll(second.rules());
        return new Chain(first.name(), rules);
    }
}
