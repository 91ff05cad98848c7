package io.inpod.iptables.text;

import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A table of a rule set, made of listed chains. Each rule has the first form that fits there: typed, raw, or none. */
final class ForeignTable {
    private final String where;
    private final TableName name;
    private final FamilyScope families;
    private final List<NamedSet> sets;
    private final Map<String, Found> chains = new LinkedHashMap<>();
    private final List<String> leftOut;

    /**
     * A listed chain.
     *
     * @param name the name of its hook if it is a built-in chain
     * @param rules its rules
     * @param leads the names of the chains to which its rules lead
     */
    record Found(String name, List<ListedRule> rules, Set<String> leads) {
    }

    /**
     * Begins a table.
     *
     * @param where its name, for what is left out
     * @param leftOut to which what is left out is added
     */
    ForeignTable(String where, TableName name, FamilyScope families, List<NamedSet> sets, List<String> leftOut) {
        this.where = where;
        this.name = name;
        this.families = families;
        this.sets = sets;
        this.leftOut = leftOut;
    }

    /** Adds a chain, or says why it can't be one. */
    void add(Found chain) {
        try {
            new Table(name, List.of(Chain.of(chain.name())));
            chains.put(chain.name(), chain);
        } catch (IllegalArgumentException e) {
            leftOut.add(where + ": " + e.getMessage() + " (" + chain.rules().size() + " rules)");
        }
    }

    /**
     * Returns the table.
     *
     * @throws IllegalArgumentException if chains lead to one another in a circle, which the kernel refuses
     */
    Table build() {
        Map<String, Set<Hook>> hooks = hooks();
        List<Chain> built = new ArrayList<>();
        for (Found chain : chains.values()) {
            List<Rule> rules = new ArrayList<>();
            for (ListedRule listed : chain.rules()) {
                Set<Hook> from = hooks.getOrDefault(chain.name(), Set.of());
                Optional<Rule> kept = listed.rule().filter(rule -> fits(rule, chain.name(), from)).or(listed::raw)
                        .filter(rule -> fits(rule, chain.name(), from));
                kept.ifPresentOrElse(rules::add,
                        () -> leftOut.add(where + ": rule " + listed.position() + " of " + chain.name() + ": " + listed.text()));
            }
            built.add(new Chain(chain.name(), rules));
        }
        return new Table(name, built);
    }

    /** Returns the hooks from which packets reach each chain. */
    private Map<String, Set<Hook>> hooks() {
        Map<String, Set<Hook>> hooks = new LinkedHashMap<>();
        for (Found chain : chains.values()) {
            if (Hook.isName(chain.name())) {
                reached(chain, chains).forEach(name -> hooks.computeIfAbsent(name, key -> EnumSet.noneOf(Hook.class))
                        .add(Hook.valueOf(chain.name())));
            }
        }
        return hooks;
    }

    private static Set<String> reached(Found start, Map<String, Found> chains) {
        Set<String> reached = new HashSet<>(Set.of(start.name()));
        Deque<Found> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            for (String next : open.remove().leads()) {
                Found to = chains.get(next);
                if (to != null && reached.add(next)) {
                    open.add(to);
                }
            }
        }
        return reached;
    }

    /** Whether a rule could be in a chain that packets reach from some hooks. */
    private boolean fits(Rule rule, String chain, Set<Hook> from) {
        if (!rule.target().destination().map(chains::containsKey).orElse(true)) {
            return false;
        }
        try {
            List<Chain> small = new ArrayList<>();
            if (!Hook.isName(chain)) {
                from.forEach(hook -> small.add(Chain.of(hook.name(), Rule.of(new Target.Goto(chain)))));
            }
            small.add(Chain.of(chain, rule));
            rule.target().destination().ifPresent(to -> small.add(Chain.of(to)));
            new RuleSet(families, List.of(new Table(name, small)), sets);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
