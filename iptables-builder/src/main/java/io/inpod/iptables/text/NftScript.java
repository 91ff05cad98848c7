package io.inpod.iptables.text;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Renders rule sets as a script for nft(8), in separate {@code inet} tables: {@link TableName#NAT} becomes the table {@code
 * PREFIXnat} and so on, the built-in chain {@code OUTPUT} the base chain {@code output} at the priority that iptables has. Both families
 * share a table; rules of a rule set with one family are restricted to it.
 */
public final class NftScript {
    private NftScript() {}

    /**
     * Renders a script that replaces the tables with this prefix in one transaction, whether they exist or not.
     *
     * @param rules the new rules; a table without rules is removed
     * @param tablePrefix the prefix of the table names
     * @return the script, each line ended by a newline
     * @throws IllegalArgumentException naming the table, chain and rule that nft cannot express
     */
    public static String render(RuleSet rules, String tablePrefix) {
        StringBuilder text = new StringBuilder();
        List<NamedSet> homeless = new ArrayList<>(rules.sets());
        for (TableName name : TableName.values()) {
            homeless.removeAll(used(rules, name));
        }
        for (TableName name : TableName.values()) {
            String table = NftNames.check("table name", tablePrefix + name);
            text.append("add table inet ").append(table).append('\n'); // so that the next line finds one
            text.append("delete table inet ").append(table).append('\n');
            List<NamedSet> sets = new ArrayList<>(used(rules, name));
            if (rules.table(name).isPresent() || name == TableName.FILTER && !homeless.isEmpty()) {
                if (name == rules.tables().stream().map(Table::name).findFirst().orElse(TableName.FILTER)) {
                    sets.addAll(homeless);
                    homeless.clear();
                }
                text.append("add table inet ").append(table).append('\n');
                sets.forEach(set -> set(text, table, set));
                rules.table(name).ifPresent(content -> table(text, table, content, rules));
            }
        }
        return text.toString();
    }

    /**
     * Renders a script that changes a set of single addresses, whatever it holds, in one transaction. To replace a comment, it removes the
     * address and adds it again.
     *
     * @param table the name of the table
     * @param set the name of the set
     * @param add the elements to add, with their comments
     * @param remove the addresses to remove
     * @return the script; empty if nothing changes
     */
    public static String change(String table, String set, List<AddressSet.Element> add, Set<IpPrefix> remove) {
        StringBuilder text = new StringBuilder();
        List<AddressSet.Element> all = new ArrayList<>(add);
        remove.forEach(prefix -> all.add(new AddressSet.Element(prefix, "")));
        if (!all.isEmpty()) {
            elements(text, "add", table, set, all, false); // so that the next line finds each
            elements(text, "delete", table, set, all, false);
        }
        if (!add.isEmpty()) {
            elements(text, "add", table, set, add, true);
        }
        return text.toString();
    }

    /**
     * Renders a script that changes a set in one transaction.
     *
     * @param table the name of the table
     * @param held the set with the elements that it holds
     * @param wanted the set with the elements that it should hold
     * @return the script; empty if nothing changes
     */
    public static String change(String table, AddressSet held, AddressSet wanted) {
        StringBuilder text = new StringBuilder();
        List<AddressSet.Element> gone = new ArrayList<>(held.elements());
        gone.removeAll(new HashSet<>(wanted.elements()));
        List<AddressSet.Element> added = new ArrayList<>(wanted.elements());
        added.removeAll(new HashSet<>(held.elements()));
        if (!gone.isEmpty()) {
            elements(text, "delete", table, held.name(), gone, false);
        }
        if (!added.isEmpty()) {
            elements(text, "add", table, held.name(), added, true);
        }
        return text.toString();
    }

    /**
     * Renders a script that gives a set of ports exactly some elements, whatever it holds, in one transaction.
     *
     * @param table the name of the table
     * @param wanted the set with the elements that it should hold
     * @return the script
     */
    public static String replace(String table, PortSet wanted) {
        StringBuilder text = new StringBuilder("flush set inet ").append(table).append(' ').append(wanted.name()).append('\n');
        if (!wanted.elements().isEmpty()) {
            elements(text, "add", table, wanted.name(), wanted.elements(), true);
        }
        return text.toString();
    }

    /**
     * Renders one rule as in the script.
     *
     * @param rule the rule
     * @return such as {@code meta l4proto tcp counter accept}; two texts for TPROXY, the second of which drops packets without a
     *     socket, and for a count of each address of both families
     * @throws IllegalArgumentException naming the part that nft cannot express
     */
    public static List<String> rule(Rule rule) {
        return NftRule.of(rule, FamilyScope.BOTH, new NftCounts());
    }

    /**
     * Returns the type, hook and priority of a base chain, as iptables has them.
     *
     * @param table the table
     * @param hook the hook
     * @return such as {@code type nat hook output priority -100}
     */
    static String base(TableName table, Hook hook) {
        return "type " + type(table, hook) + " hook " + hook.name().toLowerCase(Locale.ROOT) + " priority " + priority(table, hook);
    }

    static String type(TableName table, Hook hook) {
        if (table == TableName.NAT) {
            return "nat";
        }
        return table == TableName.MANGLE && hook == Hook.OUTPUT ? "route" : "filter"; // route: a changed mark is routed again
    }

    static int priority(TableName table, Hook hook) {
        return switch (table) {
            case RAW -> -300;
            case MANGLE -> -150;
            case NAT -> hook == Hook.PREROUTING || hook == Hook.OUTPUT ? -100 : 100;
            case FILTER -> 0;
        };
    }

    private static void table(StringBuilder text, String table, Table content, RuleSet rules) {
        for (Chain chain : content.chains()) {
            text.append("add chain inet ").append(table).append(' ').append(name(chain));
            text.append(chain.isBuiltIn() ? " { " + base(content.name(), Hook.valueOf(chain.name())) + " ; }" : "").append('\n');
        }
        NftCounts counts = new NftCounts();
        for (Chain chain : content.chains()) {
            for (int i = 0; i < chain.rules().size(); i++) {
                try {
                    List<String> worded = NftRule.of(chain.rules().get(i), rules.families(), counts);
                    counts.taken().forEach(set -> text.append("add set inet ").append(table).append(' ').append(set).append('\n'));
                    for (String rule : worded) {
                        text.append("add rule inet ").append(table).append(' ').append(name(chain)).append(' ').append(rule).append('\n');
                    }
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(content.name() + " " + chain.name() + " rule " + (i + 1) + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private static String name(Chain chain) {
        return chain.isBuiltIn() ? chain.name().toLowerCase(Locale.ROOT) : NftNames.check("chain name", chain.name());
    }

    private static void set(StringBuilder text, String table, NamedSet set) {
        text.append("add set inet ").append(table).append(' ').append(NftNames.check("set name", set.name())).append(" { type ")
                .append(type(set)).append(" ; }\n");
        if (!set.elements().isEmpty()) {
            elements(text, "add", table, set.name(), set.elements(), true);
        }
    }

    private static String type(NamedSet set) {
        if (set instanceof AddressSet addresses) {
            return (addresses.family() == IpFamily.V4 ? "ipv4_addr" : "ipv6_addr")
                    + (addresses.type() == AddressSet.Type.PREFIXES ? " ; flags interval" : "");
        }
        return "inet_service ; flags interval";
    }

    /** One line for all elements: adding them one by one is quadratic in nft 1.0.6. */
    static void elements(StringBuilder text, String verb, String table, String set, List<? extends NamedSet.Element> elements,
            boolean comments) {
        text.append(verb).append(" element inet ").append(table).append(' ').append(set).append(" { ");
        for (int i = 0; i < elements.size(); i++) {
            NamedSet.Element element = elements.get(i);
            text.append(i == 0 ? "" : ", ").append(element);
            text.append(comments && !element.comment().isEmpty() ? " comment \"" + element.comment() + "\"" : "");
        }
        text.append(" }\n");
    }

    private static Set<NamedSet> used(RuleSet rules, TableName name) {
        Set<NamedSet> used = new HashSet<>();
        rules.table(name).ifPresent(
                table -> table.chains().forEach(chain -> chain.rules().forEach(rule -> rule.matches().forEach(match -> match.namedSet()
                        .ifPresent(asked -> rules.sets().stream().filter(set -> set.name().equals(asked)).forEach(used::add))))));
        return used;
    }
}
