package io.inpod.iptables.text;

import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.TableName;
import io.inpod.iptables.internal.Quote;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A listing of iptables-save(8) or ip6tables-save(8): by table and chain, the rules in order, each without {@code -A CHAIN}. Checked with
 * iptables 1.8.9; the forms of 1.8.4 to 1.8.11 are read after their sources.
 *
 * @param tables the rules by table name and chain name
 * @param unreadable the tables with rules that iptables cannot express and therefore does not list
 */
public record IptablesSave(Map<String, Map<String, List<String>>> tables, Set<String> unreadable) {
    private static final Pattern INCOMPATIBLE = Pattern.compile("# Table `(.*)' is incompatible.*");

    /**
     * Parses a listing. Comments and counters are skipped.
     *
     * @param text the output of the tool; a char may stand for a byte
     * @return the listing
     * @throws IOException naming a line that does not belong to such a listing
     */
    public static IptablesSave parse(String text) throws IOException {
        Map<String, Map<String, List<String>>> tables = new LinkedHashMap<>();
        Set<String> unreadable = new HashSet<>();
        Map<String, List<String>> chains = null;
        for (String line : text.split("\n")) {
            Matcher incompatible = INCOMPATIBLE.matcher(line);
            if (incompatible.matches()) {
                unreadable.add(incompatible.group(1));
            } else if (line.startsWith("*")) {
                chains = tables.computeIfAbsent(line.substring(1).strip(), name -> new LinkedHashMap<>());
            } else if (chains != null && line.startsWith(":")) {
                chains.putIfAbsent(Words.first(line.substring(1)), new ArrayList<>());
            } else if (chains != null && line.startsWith("-A ")) {
                String rest = line.substring(3);
                String chain = Words.first(rest);
                chains.computeIfAbsent(chain, name -> new ArrayList<>()).add(rest.substring(chain.length()).strip());
            } else if (!line.isBlank() && !line.startsWith("#") && !line.equals("COMMIT")) {
                throw new IOException("iptables-save printed a line that is no rule: " + Quote.of(line));
            }
        }
        return new IptablesSave(tables, unreadable);
    }

    /**
     * Returns all rules.
     *
     * @param family the family of the tool
     * @return all chains of the tables that the model knows; built-in chains only if they have rules
     */
    public Listing listing(IpFamily family) {
        return listing(family, chain -> !Hook.isName(chain), rule -> true);
    }

    /**
     * Returns the rules under managed names.
     *
     * @param family the family of the tool
     * @param names the managed names
     * @return the managed chains, and the rules of other chains that lead to them
     */
    public Listing listing(IpFamily family, ManagedNames names) {
        return listing(family, names.chains()::contains, rule -> names.chains().contains(Words.target(rule)));
    }

    private Listing listing(IpFamily family, Predicate<String> ownChain, Predicate<String> ownRule) {
        List<ListedChain> listed = new ArrayList<>();
        tables.forEach((table, chains) -> {
            Optional<TableName> name = name(table);
            if (name.isEmpty()) {
                return;
            }
            chains.forEach((chain, rules) -> {
                List<ListedRule> kept = new ArrayList<>();
                for (int i = 0; i < rules.size(); i++) {
                    if (ownChain.test(chain) || ownRule.test(rules.get(i))) {
                        kept.add(new ListedRule(i + 1, RuleParser.parse(rules.get(i), family), rules.get(i)));
                    }
                }
                if (ownChain.test(chain) || !kept.isEmpty()) {
                    listed.add(new ListedChain(family, name.get(), chain, kept));
                }
            });
        });
        return new Listing(listed, List.of());
    }

    private static Optional<TableName> name(String table) {
        for (TableName name : TableName.values()) {
            if (name.name().toLowerCase(Locale.ROOT).equals(table)) {
                return Optional.of(name);
            }
        }
        return Optional.empty();
    }
}
