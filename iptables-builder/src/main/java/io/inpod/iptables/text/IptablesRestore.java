package io.inpod.iptables.text;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.netns.IpFamily;

/** Renders rule sets as input of iptables-restore(8) and ip6tables-restore(8). */
public final class IptablesRestore {
    private IptablesRestore() {}

    /**
     * Renders a rule set of one family.
     *
     * @param rules the rules
     * @return as {@link #render(RuleSet, IpFamily)}
     * @throws IllegalArgumentException if it has two families, or naming a rule that this text cannot express
     */
    public static String render(RuleSet rules) {
        return render(rules, rules.families().single().orElseThrow(
                () -> new IllegalArgumentException("iptables-restore loads one family at a time, not " + rules.families())));
    }

    /**
     * Renders the rules of one family: the tables in alphabetical order, each with its user-defined chains, then its rules in order, then
     * {@code COMMIT}. Address sets are not included; ipset(8) has to create them before.
     *
     * <p>The text is for {@code iptables-restore --noflush}: rules of built-in chains are added to the existing ones, and user-defined
     * chains are created, or emptied if they exist. Loading the text twice therefore doubles the jumps; the back ends prevent that.
     *
     * @param rules the rules
     * @param family the family of the tool
     * @return the text, each line ended by a newline; empty if there is nothing for that family
     * @throws IllegalArgumentException naming a rule with a name that this text cannot express
     */
    public static String render(RuleSet rules, IpFamily family) {
        StringBuilder text = new StringBuilder();
        for (Table table : rules.only(family).tables()) {
            text.append('*').append(table.name()).append('\n');
            for (Chain chain : table.chains()) {
                if (!chain.isBuiltIn()) {
                    text.append(':').append(chain.name()).append(" - [0:0]\n");
                }
            }
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    boolean first = chain.placement() == Chain.Placement.FIRST;
                    text.append(first ? "-I " : "-A ").append(chain.name()).append(first ? " " + (i + 1) : "").append(' ')
                            .append(rule(table, chain, i, family)).append('\n');
                }
            }
            text.append("COMMIT\n");
        }
        return text.toString();
    }

    /**
     * Renders one rule as iptables-save(8) prints it, without {@code -A CHAIN}.
     *
     * @param rule the rule
     * @param family the family of the tool
     * @return such as {@code -p tcp -j ACCEPT}
     * @throws IllegalArgumentException if it contains a name that this text cannot express
     */
    public static String rule(Rule rule, IpFamily family) {
        return RuleText.of(rule, family);
    }

    private static String rule(Table table, Chain chain, int index, IpFamily family) {
        try {
            return RuleText.of(chain.rules().get(index), family);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(table.name() + " " + chain.name() + " rule " + (index + 1) + ": " + e.getMessage(), e);
        }
    }
}
