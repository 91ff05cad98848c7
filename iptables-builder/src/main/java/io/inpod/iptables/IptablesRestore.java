package io.inpod.iptables;

/** Renders rule sets as input of iptables-restore(8) and ip6tables-restore(8). */
public final class IptablesRestore {
    private IptablesRestore() {
    }

    /**
     * Renders a rule set: the tables in alphabetical order, each with its own chains, then its rules in order, then {@code COMMIT}.
     *
     * <p>Meant for {@code iptables-restore --noflush}: rules of built-in chains are appended to what is there, own chains are
     * created, or emptied if they exist. Loading it twice therefore doubles the jumps; {@link IptablesRules} takes care of that.
     *
     * @param rules what to render
     * @return the text, each line ended by a newline; empty for an empty rule set
     * @throws IllegalArgumentException naming the rule, if it holds an interface name that this text can't express
     */
    public static String render(RuleSet rules) {
        StringBuilder text = new StringBuilder();
        for (Table table : rules.tables()) {
            text.append('*').append(table.name()).append('\n');
            for (Chain chain : table.chains()) {
                if (!chain.isBuiltIn()) {
                    text.append(':').append(chain.name()).append(" - [0:0]\n");
                }
            }
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    text.append("-A ").append(chain.name()).append(' ').append(rule(rules.family(), table, chain, i)).append('\n');
                }
            }
            text.append("COMMIT\n");
        }
        return text.toString();
    }

    /** One rule without {@code -A CHAIN}. */
    static String rule(IpFamily family, Table table, Chain chain, int index) {
        try {
            return RuleText.of(chain.rules().get(index), family);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(TableCheck.where(table.name(), chain, index) + ": " + e.getMessage(), e);
        }
    }
}
